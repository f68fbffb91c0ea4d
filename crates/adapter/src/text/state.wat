;; The adapter's own memory, which the program cannot reach, and where the host puts what it returns.
;;
;; 0..64         what a call returns (RETURN)
;; 64..2048      a key or name on its way to the host (TEXT)
;; from 4096 on  the table of handles, what outlives a call, and room for lists, as they are needed
(module $edgekv-adapter-state
  (memory $own (export "memory") 1)
  (global $free (mut i32) (i32.const 4096))
  (global $room_begin (mut i32) (i32.const 0))
  (global $room_next (mut i32) (i32.const 0))
  (global $room_end (mut i32) (i32.const 0))

  ;; The part of the program's memory that a body is read into.
  (global $target (export "target") (mut i32) (i32.const 0))
  (global $target_length (export "target-length") (mut i32) (i32.const 0))

  ;; Memory for good, aligned to 8 bytes.
  (func $keep (export "keep") (param $bytes i32) (result i32)
    (local $at i32) (local $end i64)
    (local.set $at (global.get $free))
    (local.set $end
      (i64.add
        (i64.extend_i32_u (local.get $at))
        (i64.and (i64.add (i64.extend_i32_u (local.get $bytes)) (i64.const 7)) (i64.const -8))))
    (if (i64.gt_u (local.get $end) (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))
      (then
        (if
          (i32.eq
            (i32.const -1)
            (memory.grow
              (i32.wrap_i64
                (i64.sub
                  (i64.shr_u (i64.add (local.get $end) (i64.const 65535)) (i64.const 16))
                  (i64.extend_i32_u (memory.size))))))
          (then (unreachable)))))
    (global.set $free (i32.wrap_i64 (local.get $end)))
    (local.get $at))

  ;; Lists of earlier calls are not needed any more.
  (func (export "forget-lists")
    (global.set $room_next (global.get $room_begin)))

  ;; Room for a list; it is there until `forget-lists`. When it runs out, there is twice as much from then on.
  (func (export "cabi_realloc") (param $old i32) (param $old_length i32) (param $align i32) (param $bytes i32) (result i32)
    (local $at i32) (local $size i32)
    (local.set $at
      (i32.and
        (i32.add (global.get $room_next) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
    (if
      (i64.gt_u
        (i64.add (i64.extend_i32_u (local.get $at)) (i64.extend_i32_u (local.get $bytes)))
        (i64.extend_i32_u (global.get $room_end)))
      (then
        (local.set $size
          (i32.shl (i32.sub (global.get $room_end) (global.get $room_begin)) (i32.const 1)))
        (if (i32.lt_u (local.get $size) (local.get $bytes)) (then (local.set $size (local.get $bytes))))
        (if (i32.lt_u (local.get $size) (i32.const 4096)) (then (local.set $size (i32.const 4096))))
        (local.set $at (call $keep (local.get $size)))
        (global.set $room_begin (local.get $at))
        (global.set $room_end (i32.add (local.get $at) (local.get $size)))))
    (global.set $room_next (i32.add (local.get $at) (local.get $bytes)))
    (if (local.get $old) (then (memory.copy (local.get $at) (local.get $old) (local.get $old_length))))
    (local.get $at))

  ;; Puts a list straight into the program's buffer, which has been checked.
  (func (export "into-target") (param i32 i32 i32) (param $bytes i32) (result i32)
    (if (i32.gt_u (local.get $bytes) (global.get $target_length)) (then (unreachable)))
    (global.get $target))
)
