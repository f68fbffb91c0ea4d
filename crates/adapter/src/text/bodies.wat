;; `fastly_http_body`.

;; The status for an error of a body: incomplete, limit-exceeded, invalid-trailer, not-yet, receiver-gone, write-only.
(func $body_status (param $error i32) (result i32)
  (call $digit (i64.const 0x31e1d9) (local.get $error)))

(func $fastly_http_body.new (param $out i32) (result i32)
  (local $status i32)
  (if (local.tee $status (call $check_u32 (local.get $out))) (then (return (local.get $status))))
  (loop $again
    (call $bodies.new-body (global.get $RETURN))
    (br_if $again (call $may_try_again (i32.const 1))))
  (if (call $failed) (then (return (call $body_status (call $returned_error)))))
  (i32.store $guest (local.get $out) (call $add (global.get $BODY) (call $returned)))
  (global.get $OK))

(func $fastly_http_body.append (param $dst i32) (param $src i32) (result i32)
  (local $error i32)
  ;; The source is gone before the destination is looked for: a body cannot be appended to itself.
  (if (i32.eqz (local.tee $src (call $take_body (local.get $src)))) (then (return (global.get $BADF))))
  (if (i32.eqz (local.tee $dst (call $object (local.get $dst) (global.get $BODY))))
    (then
      (call $body.drop (local.get $src))
      (return (global.get $BADF))))
  (call $body.append (local.get $dst) (local.get $src) (global.get $RETURN))
  (if (i32.lt_s (local.tee $error (call $outcome)) (i32.const 0)) (then (return (global.get $OK))))
  (call $body_status (local.get $error)))

;; The bytes go straight into the program's buffer. Only what the call returns needs a place in the program's memory, as it has to be in
;; the same one: that is borrowed where the buffer is not, and is as it was before when the program goes on.
(func $fastly_http_body.read (param $body i32) (param $buffer i32) (param $length i32) (param $nread_out i32) (result i32)
  (local $status i32) (local $max i32) (local $at i32) (local $end i32)
  (local $saved_first i64) (local $saved_last i32)
  (local $failed i32) (local $returned i32)
  (if (local.tee $status (call $check_buffer (local.get $buffer) (local.get $length))) (then (return (local.get $status))))
  (if (local.tee $status (call $check_u32 (local.get $nread_out))) (then (return (local.get $status))))
  (if (i32.eqz (local.tee $body (call $object (local.get $body) (global.get $BODY)))) (then (return (global.get $BADF))))
  (local.set $max (local.get $length))
  (if (i32.and (i32.lt_u (local.get $buffer) (i32.const 12)) (i32.ne (local.get $length) (i32.const 0)))
    (then
      ;; The end of memory it is then. A buffer that reaches that as well is not filled to its end.
      (local.set $at (i32.sub (i32.shl (memory.size $guest) (i32.const 16)) (i32.const 16)))
      (local.set $end (i32.sub (local.get $at) (local.get $buffer)))
      (if (i32.gt_u (local.get $max) (local.get $end)) (then (local.set $max (local.get $end))))))
  (global.set $target (call $place (local.get $buffer) (local.get $length)))
  (global.set $target_length (local.get $max))
  (local.set $saved_first (i64.load $guest (local.get $at)))
  (local.set $saved_last (i32.load $guest offset=8 (local.get $at)))
  (call $body.read (local.get $body) (local.get $max) (local.get $at))
  (local.set $failed (i32.load8_u $guest (local.get $at)))
  (local.set $returned
    (if (result i32) (local.get $failed)
      (then (i32.load8_u $guest offset=4 (local.get $at)))
      (else (i32.load $guest offset=8 (local.get $at)))))
  (i64.store $guest (local.get $at) (local.get $saved_first))
  (i32.store $guest offset=8 (local.get $at) (local.get $saved_last))
  (if (local.get $failed) (then (return (call $body_status (local.get $returned)))))
  (i32.store $guest (local.get $nread_out) (local.get $returned))
  (global.get $OK))

;; As in `read`, with address 0: the bytes are taken before anything is returned there, so they may be there themselves.
(func $fastly_http_body.write
  (param $body i32) (param $buffer i32) (param $length i32) (param $end i32) (param $nwritten_out i32) (result i32)
  (local $status i32) (local $saved i32) (local $returned i32)
  (if (local.tee $status (call $check_u32 (local.get $nwritten_out))) (then (return (local.get $status))))
  (if (i32.gt_u (local.get $end) (i32.const 1)) (then (return (global.get $INVAL))))
  (if (local.tee $status (call $check_buffer (local.get $buffer) (local.get $length))) (then (return (local.get $status))))
  (if (i32.eqz (local.tee $body (call $object (local.get $body) (global.get $BODY)))) (then (return (global.get $BADF))))
  (if (local.get $length)
    (then
      (local.set $saved (i32.load $guest (i32.const 0)))
      (call $body.write (local.get $body) (local.get $buffer) (local.get $length) (local.get $end) (i32.const 0))
      (local.set $returned (i32.load16_u $guest (i32.const 0)))
      (i32.store $guest (i32.const 0) (local.get $saved))
      (if (i32.and (local.get $returned) (i32.const 0xff))
        (then (return (call $body_status (i32.shr_u (local.get $returned) (i32.const 8))))))))
  (i32.store $guest (local.get $nwritten_out) (local.get $length))
  (global.get $OK))

;; There are no bodies on their way to a receiver in a component of this kind, so there is nothing to finish or to cut off.
(func $fastly_http_body.close (param $body i32) (result i32)
  (if (i32.eqz (local.tee $body (call $take_body (local.get $body)))) (then (return (global.get $BADF))))
  (call $body.drop (local.get $body))
  (global.get $OK))

(func $fastly_http_body.abandon (param $body i32) (result i32)
  (call $fastly_http_body.close (local.get $body)))

(func $fastly_http_body.known_length (param $body i32) (param $out i32) (result i32)
  (local $status i32)
  (if (local.tee $status (call $check_u64 (local.get $out))) (then (return (local.get $status))))
  (if (i32.eqz (local.tee $body (call $object (local.get $body) (global.get $BODY)))) (then (return (global.get $BADF))))
  (call $body.known-length (local.get $body) (global.get $RETURN))
  (if (i32.eqz (i32.load8_u $own (global.get $RETURN))) (then (return (global.get $NONE))))
  (i64.store $guest (local.get $out) (i64.load $own offset=8 (global.get $RETURN)))
  (global.get $OK))
