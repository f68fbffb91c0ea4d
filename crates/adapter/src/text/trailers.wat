;; The trailers of `fastly_http_body`.

(import "state" "cabi_realloc" (func $room (param i32 i32 i32 i32) (result i32)))

;; Where a copy of a name is, in lower case, for as long as the lists of a call.
(global $name (mut i32) (i32.const 0))

;; Reads the name of a trailer to `$name`, and gives a status. What is longer than names may be is another mistake than what is none.
(func $read_name (param $at i32) (param $length i32) (result i32)
  (local $status i32) (local $next i32) (local $end i32) (local $byte i32)
  (if (local.tee $status (call $check_buffer (local.get $at) (local.get $length))) (then (return (local.get $status))))
  (if (i32.gt_u (local.get $length) (i32.const 65535)) (then (return (global.get $INVAL))))
  (if (i32.eqz (local.get $length)) (then (return (global.get $ERROR))))
  (call $forget_lists)
  (global.set $name (call $room (i32.const 0) (i32.const 0) (i32.const 1) (local.get $length)))
  (memory.copy $own $guest (global.get $name) (local.get $at) (local.get $length))
  (local.set $next (global.get $name))
  (local.set $end (i32.add (local.get $next) (local.get $length)))
  (loop $bytes
    (local.set $byte (i32.load8_u $own (local.get $next)))
    (if (i32.eqz (call $is_of_name (local.get $byte))) (then (return (global.get $ERROR))))
    (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 65)) (i32.const 26))
      (then (i32.store8 $own (local.get $next) (i32.or (local.get $byte) (i32.const 32)))))
    (local.set $next (i32.add (local.get $next) (i32.const 1)))
    (br_if $bytes (i32.lt_u (local.get $next) (local.get $end))))
  (global.get $OK))

;; Whether a byte may be in the name of a header: a bit for each that may, of the first 64, and of the next.
(func $is_of_name (param $byte i32) (result i32)
  (if (i32.gt_u (local.get $byte) (i32.const 127)) (then (return (i32.const 0))))
  (i32.wrap_i64
    (i64.and
      (i64.shr_u
        (select
          (i64.const 0x03ff6cfa00000000)
          (i64.const 0x57ffffffc7fffffe)
          (i32.lt_u (local.get $byte) (i32.const 64)))
        (i64.extend_i32_u (i32.and (local.get $byte) (i32.const 63))))
      (i64.const 1))))

;; Name and value are taken from where they are, and what is returned is put at address 0, as in `write`.
(func $fastly_http_body.trailer_append
  (param $body i32) (param $name i32) (param $name_length i32) (param $value i32) (param $value_length i32) (result i32)
  (local $status i32) (local $saved i32) (local $returned i32)
  (if (local.tee $status (call $read_name (local.get $name) (local.get $name_length))) (then (return (local.get $status))))
  (if (local.tee $status (call $check_buffer (local.get $value) (local.get $value_length)))
    (then (return (local.get $status))))
  (if (i32.eqz (local.tee $body (call $object (local.get $body) (global.get $BODY)))) (then (return (global.get $BADF))))
  (local.set $saved (i32.load $guest (i32.const 0)))
  (call $body.append-trailer
    (local.get $body)
    (local.get $name)
    (local.get $name_length)
    (call $place (local.get $value) (local.get $value_length))
    (local.get $value_length)
    (i32.const 0))
  (local.set $returned (i32.load16_u $guest (i32.const 0)))
  (i32.store $guest (i32.const 0) (local.get $saved))
  (if (i32.eqz (i32.and (local.get $returned) (i32.const 0xff))) (then (return (global.get $OK))))
  (call $body_status (i32.shr_u (local.get $returned) (i32.const 8))))

;; Gets the trailers of a body, and gives a status. Where the list is, and how long, is what the call has returned.
(func $get_trailers (param $body i32) (result i32)
  (if (i32.eqz (local.tee $body (call $object (local.get $body) (global.get $BODY)))) (then (return (global.get $BADF))))
  (call $body.trailers (local.get $body) (global.get $RETURN))
  (if (i32.eqz (call $failed)) (then (return (global.get $OK))))
  (select
    (global.get $INVAL)
    (call $body_status (call $returned_error))
    (i32.eq (call $returned_error) (i32.const 5))))

;; Whether two trailers, or a trailer and a name, have the same name.
(func $has_name (param $trailer i32) (param $name i32) (param $length i32) (result i32)
  (if (i32.ne (i32.load $own offset=4 (local.get $trailer)) (local.get $length)) (then (return (i32.const 0))))
  (call $is_same (i32.load $own (local.get $trailer)) (local.get $name) (local.get $length)))

;; Whether there is a trailer of the same name before it.
(func $is_repeated (param $first i32) (param $trailer i32) (result i32)
  (loop $next
    (if (i32.eq (local.get $first) (local.get $trailer)) (then (return (i32.const 0))))
    (if
      (call $has_name
        (local.get $first)
        (i32.load $own (local.get $trailer))
        (i32.load $own offset=4 (local.get $trailer)))
      (then (return (i32.const 1))))
    (local.set $first (i32.add (local.get $first) (i32.const 16)))
    (br $next))
  (unreachable))

;; Stores as many names, or values of `$name`, as fit, each with a zero byte behind it, and where to go on.
(func $store_items
  (param $values i32) (param $name_length i32)
  (param $buffer i32) (param $length i32) (param $cursor i32) (param $cursor_out i32) (param $nwritten_out i32) (result i32)
  (local $first i32) (local $trailer i32) (local $end i32) (local $item i32) (local $bytes i32)
  (local $index i32) (local $used i32) (local $next i64)
  (local.set $first (i32.load $own offset=4 (global.get $RETURN)))
  (local.set $trailer (local.get $first))
  (local.set $end
    (i32.add (local.get $first) (i32.shl (i32.load $own offset=8 (global.get $RETURN)) (i32.const 4))))
  (local.set $next (i64.const -1))
  (block $done
    (loop $trailers
      (br_if $done (i32.eq (local.get $trailer) (local.get $end)))
      (block $left_out
        (if (local.get $values)
          (then
            (br_if $left_out
              (i32.eqz (call $has_name (local.get $trailer) (global.get $name) (local.get $name_length))))
            (local.set $item (i32.load $own offset=8 (local.get $trailer)))
            (local.set $bytes (i32.load $own offset=12 (local.get $trailer))))
          (else
            (br_if $left_out (call $is_repeated (local.get $first) (local.get $trailer)))
            (local.set $item (i32.load $own (local.get $trailer)))
            (local.set $bytes (i32.load $own offset=4 (local.get $trailer)))))
        (if (i32.ge_u (local.get $index) (local.get $cursor))
          (then
            (if
              (i32.ge_u (local.get $bytes) (i32.sub (local.get $length) (local.get $used)))
              (then
                (if (i32.eqz (local.get $used))
                  (then
                    (i32.store $guest (local.get $nwritten_out) (i32.add (local.get $bytes) (i32.const 1)))
                    (return (global.get $BUFLEN))))
                (local.set $next (i64.extend_i32_u (local.get $index)))
                (br $done)))
            (memory.copy $guest $own
              (i32.add (local.get $buffer) (local.get $used))
              (local.get $item)
              (local.get $bytes))
            (local.set $used (i32.add (local.get $used) (local.get $bytes)))
            (i32.store8 $guest (i32.add (local.get $buffer) (local.get $used)) (i32.const 0))
            (local.set $used (i32.add (local.get $used) (i32.const 1)))))
        (local.set $index (i32.add (local.get $index) (i32.const 1))))
      (local.set $trailer (i32.add (local.get $trailer) (i32.const 16)))
      (br $trailers)))
  (i32.store $guest (local.get $nwritten_out) (local.get $used))
  (call $store_cursor (local.get $cursor_out) (local.get $next)))

;; Stores a cursor, unless the program does not want it, and gives a status.
(func $store_cursor (param $out i32) (param $cursor i64) (result i32)
  (local $status i32)
  (if (i32.eqz (local.get $out)) (then (return (global.get $OK))))
  (if (local.tee $status (call $check_u64 (local.get $out))) (then (return (local.get $status))))
  (i64.store $guest (local.get $out) (local.get $cursor))
  (global.get $OK))

;; The status for a buffer, and for where to store how much of it was used.
(func $check_out_buffer (param $buffer i32) (param $length i32) (param $nwritten_out i32) (result i32)
  (local $status i32)
  (if (local.tee $status (call $check_buffer (local.get $buffer) (local.get $length))) (then (return (local.get $status))))
  (call $check_u32 (local.get $nwritten_out)))

(func $fastly_http_body.trailer_names_get
  (param $body i32) (param $buffer i32) (param $length i32) (param $cursor i32) (param $cursor_out i32) (param $nwritten_out i32)
  (result i32)
  (local $status i32)
  (if (local.tee $status (call $store_cursor (local.get $cursor_out) (i64.const -1))) (then (return (local.get $status))))
  (if (local.tee $status (call $check_out_buffer (local.get $buffer) (local.get $length) (local.get $nwritten_out)))
    (then (return (local.get $status))))
  (call $forget_lists)
  (if (local.tee $status (call $get_trailers (local.get $body))) (then (return (local.get $status))))
  (call $store_items
    (i32.const 0) (i32.const 0)
    (local.get $buffer) (local.get $length) (local.get $cursor) (local.get $cursor_out) (local.get $nwritten_out)))

(func $fastly_http_body.trailer_values_get
  (param $body i32) (param $name i32) (param $name_length i32)
  (param $buffer i32) (param $length i32) (param $cursor i32) (param $cursor_out i32) (param $nwritten_out i32) (result i32)
  (local $status i32)
  (if (local.tee $status (call $store_cursor (local.get $cursor_out) (i64.const -1))) (then (return (local.get $status))))
  (if (local.tee $status (call $check_out_buffer (local.get $buffer) (local.get $length) (local.get $nwritten_out)))
    (then (return (local.get $status))))
  (if (local.tee $status (call $read_name (local.get $name) (local.get $name_length))) (then (return (local.get $status))))
  (if (local.tee $status (call $get_trailers (local.get $body))) (then (return (local.get $status))))
  (call $store_items
    (i32.const 1) (local.get $name_length)
    (local.get $buffer) (local.get $length) (local.get $cursor) (local.get $cursor_out) (local.get $nwritten_out)))

(func $fastly_http_body.trailer_value_get
  (param $body i32) (param $name i32) (param $name_length i32) (param $buffer i32) (param $length i32) (param $nwritten_out i32)
  (result i32)
  (local $status i32) (local $trailer i32) (local $end i32) (local $bytes i32)
  (if (local.tee $status (call $check_out_buffer (local.get $buffer) (local.get $length) (local.get $nwritten_out)))
    (then (return (local.get $status))))
  (if (local.tee $status (call $read_name (local.get $name) (local.get $name_length))) (then (return (local.get $status))))
  (if (local.tee $status (call $get_trailers (local.get $body))) (then (return (local.get $status))))
  (local.set $trailer (i32.load $own offset=4 (global.get $RETURN)))
  (local.set $end
    (i32.add (local.get $trailer) (i32.shl (i32.load $own offset=8 (global.get $RETURN)) (i32.const 4))))
  (loop $next
    (if (i32.eq (local.get $trailer) (local.get $end)) (then (return (global.get $INVAL))))
    (if (i32.eqz (call $has_name (local.get $trailer) (global.get $name) (local.get $name_length)))
      (then
        (local.set $trailer (i32.add (local.get $trailer) (i32.const 16)))
        (br $next))))
  (local.set $bytes (i32.load $own offset=12 (local.get $trailer)))
  (i32.store $guest (local.get $nwritten_out) (local.get $bytes))
  (if (i32.gt_u (local.get $bytes) (local.get $length)) (then (return (global.get $BUFLEN))))
  (memory.copy $guest $own
    (call $place (local.get $buffer) (local.get $length))
    (i32.load $own offset=8 (local.get $trailer))
    (local.get $bytes))
  (i32.store $guest (local.get $nwritten_out) (local.get $bytes))
  (global.get $OK))
