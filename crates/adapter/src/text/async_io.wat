;; `fastly_async_io`.

(global $TIMED_OUT i32 (i32.const -1))

;; How many times `select` was called: a slot that has this number is in the present one already.
(global $selects (mut i32) (i32.const 0))

;; The slot of something that can be waited for; 0 is none.
(func $find_item (param $number i32) (result i32)
  (local $slot i32)
  (if (i32.eqz (local.tee $slot (call $find_any (local.get $number)))) (then (return (i32.const 0))))
  (select
    (local.get $slot)
    (i32.const 0)
    (i32.lt_u (i32.sub (i32.load $own offset=4 (local.get $slot)) (global.get $BODY)) (i32.const 5))))

;; What becomes ready when an item does; 0 when it is ready.
(func $subscribe (param $slot i32) (result i32)
  (local $object i32)
  (if (i32.load $own offset=12 (local.get $slot)) (then (return (i32.const 0))))
  (local.set $object (i32.load $own offset=8 (local.get $slot)))
  (block $subscribed
    (block $list
      (block $delete
        (block $insert
          (block $lookup
            (block $body
              (br_table $body $lookup $insert $delete $list
                (i32.sub (i32.load $own offset=4 (local.get $slot)) (global.get $BODY))))
            (call $body.subscribe (local.get $object) (global.get $RETURN))
            (br $subscribed))
          (call $pending-lookup.subscribe (local.get $object) (global.get $RETURN))
          (br $subscribed))
        (call $pending-insert.subscribe (local.get $object) (global.get $RETURN))
        (br $subscribed))
      (call $pending-delete.subscribe (local.get $object) (global.get $RETURN))
      (br $subscribed))
    (call $pending-list.subscribe (local.get $object) (global.get $RETURN)))
  (if (i32.load8_u $own (global.get $RETURN)) (then (return (i32.load $own offset=4 (global.get $RETURN)))))
  (i32.const 0))

(func $fastly_async_io.is_ready (param $item i32) (param $ready_out i32) (result i32)
  (local $status i32) (local $slot i32) (local $pollable i32)
  (if (local.tee $status (call $check_u32 (local.get $ready_out))) (then (return (local.get $status))))
  (if (i32.eqz (local.tee $slot (call $find_item (local.get $item)))) (then (return (global.get $BADF))))
  (if (local.tee $pollable (call $subscribe (local.get $slot))) (then (call $pollable.drop (local.get $pollable))))
  (i32.store $guest (local.get $ready_out) (i32.eqz (local.get $pollable)))
  (global.get $OK))

;; The status for the handles of a `select`: all have to be items, each once.
(func $check_items (param $items i32) (param $count i32) (result i32)
  (local $status i32) (local $index i32) (local $slot i32)
  (if (i32.eqz (local.get $count)) (then (return (global.get $OK))))
  (if (local.tee $status (call $check_u32 (local.get $items))) (then (return (local.get $status))))
  ;; More than there are cannot all be another one.
  (if (i32.gt_u (local.get $count) (global.get $live)) (then (return (global.get $BADF))))
  (if (local.tee $status (call $check_buffer (local.get $items) (i32.shl (local.get $count) (i32.const 2))))
    (then (return (local.get $status))))
  (global.set $selects (i32.add (global.get $selects) (i32.const 1)))
  (loop $next
    (local.set $slot (call $find_item (i32.load $guest (call $nth (local.get $items) (local.get $index)))))
    (if (i32.eqz (local.get $slot)) (then (return (global.get $BADF))))
    (if (i32.eq (i32.load $own offset=16 (local.get $slot)) (global.get $selects)) (then (return (global.get $BADF))))
    (i32.store $own offset=16 (local.get $slot) (global.get $selects))
    (local.set $index (i32.add (local.get $index) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $index) (local.get $count))))
  (global.get $OK))

;; Where the n-th number of a list is.
(func $nth (param $list i32) (param $index i32) (result i32)
  (i32.add (local.get $list) (i32.shl (local.get $index) (i32.const 2))))

(func $fastly_async_io.select (param $items i32) (param $count i32) (param $timeout_ms i32) (param $index_out i32) (result i32)
  (local $status i32) (local $pollables i32) (local $pollable i32) (local $index i32) (local $ready i32)
  (if (local.tee $status (call $check_u32 (local.get $index_out))) (then (return (local.get $status))))
  (if (local.tee $status (call $check_items (local.get $items) (local.get $count))) (then (return (local.get $status))))
  (if (i32.eqz (i32.or (local.get $count) (local.get $timeout_ms))) (then (return (global.get $INVAL))))
  (call $forget_lists)
  (local.set $pollables
    (call $room
      (i32.const 0) (i32.const 0) (i32.const 4)
      (i32.shl (i32.add (local.get $count) (i32.const 1)) (i32.const 2))))
  (block $found
    (block $all
      (loop $next
        (br_if $all (i32.eq (local.get $index) (local.get $count)))
        (local.set $pollable
          (call $subscribe
            (call $find_item (i32.load $guest (call $nth (local.get $items) (local.get $index))))))
        (local.set $ready (local.get $index))
        (br_if $found (i32.eqz (local.get $pollable)))
        (i32.store $own (call $nth (local.get $pollables) (local.get $index)) (local.get $pollable))
        (local.set $index (i32.add (local.get $index) (i32.const 1)))
        (br $next)))
    (if (local.get $timeout_ms)
      (then
        (i32.store $own
          (call $nth (local.get $pollables) (local.get $index))
          (call $monotonic-clock.subscribe-duration
            (i64.mul (i64.extend_i32_u (local.get $timeout_ms)) (i64.const 1000000))))
        (local.set $index (i32.add (local.get $index) (i32.const 1)))))
    (call $poll.poll (local.get $pollables) (local.get $index) (global.get $RETURN))
    (local.set $ready (call $least (i32.load $own (global.get $RETURN)) (i32.load $own offset=4 (global.get $RETURN))))
    (if (i32.ge_u (local.get $ready) (local.get $count)) (then (local.set $ready (global.get $TIMED_OUT)))))
  (block $dropped
    (loop $next
      (br_if $dropped (i32.eqz (local.get $index)))
      (local.set $index (i32.sub (local.get $index) (i32.const 1)))
      (call $pollable.drop (i32.load $own (call $nth (local.get $pollables) (local.get $index))))
      (br $next)))
  (i32.store $guest (local.get $index_out) (local.get $ready))
  (global.get $OK))

;; The least number of a list.
(func $least (param $list i32) (param $count i32) (result i32)
  (local $least i32) (local $number i32)
  (local.set $least (i32.const -1))
  (block $done
    (loop $next
      (br_if $done (i32.eqz (local.get $count)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (local.set $number (i32.load $own (call $nth (local.get $list) (local.get $count))))
      (if (i32.lt_u (local.get $number) (local.get $least)) (then (local.set $least (local.get $number))))
      (br $next)))
  (local.get $least))
