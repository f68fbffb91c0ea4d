;; What all functions need: numbers of the ABI, pointers of the program, and what calls return.

;; Statuses.
(global $OK i32 (i32.const 0))
(global $ERROR i32 (i32.const 1))
(global $INVAL i32 (i32.const 2))
(global $BADF i32 (i32.const 3))
(global $BUFLEN i32 (i32.const 4))
(global $BADALIGN i32 (i32.const 6))
(global $NONE i32 (i32.const 10))
(global $LIMITEXCEEDED i32 (i32.const 13))
(global $INVALID_HANDLE i32 (i32.const -2))

;; Places in the adapter's memory: see state.wat.
(global $RETURN i32 (i32.const 0))
(global $TEXT i32 (i32.const 64))
;; One byte more than a key may have: what is longer stays too long when it is cut here.
(global $MAX_TEXT i32 (i32.const 1025))

(import "state" "keep" (func $keep (param $bytes i32) (result i32)))
(import "state" "forget-lists" (func $forget_lists))
(import "state" "target" (global $target (mut i32)))
(import "state" "target-length" (global $target_length (mut i32)))

;; Whether all of these bytes are in the program's memory.
(func $is_in_memory (param $at i32) (param $bytes i32) (result i32)
  (i64.le_u
    (i64.add (i64.extend_i32_u (local.get $at)) (i64.extend_i32_u (local.get $bytes)))
    (i64.shl (i64.extend_i32_u (memory.size $guest)) (i64.const 16))))

;; The status for a pointer to a value.
(func $check (param $at i32) (param $bytes i32) (param $align i32) (result i32)
  (if (i32.eqz (call $is_in_memory (local.get $at) (local.get $bytes))) (then (return (global.get $INVAL))))
  (select
    (global.get $BADALIGN)
    (global.get $OK)
    (i32.and (local.get $at) (i32.sub (local.get $align) (i32.const 1)))))

;; The status for a pointer to 4 bytes, which most are.
(func $check_u32 (param $at i32) (result i32)
  (call $check (local.get $at) (i32.const 4) (i32.const 4)))

;; The status for a pointer to 8 bytes.
(func $check_u64 (param $at i32) (result i32)
  (call $check (local.get $at) (i32.const 8) (i32.const 8)))

;; The status for a buffer. An empty one may be anywhere.
(func $check_buffer (param $at i32) (param $bytes i32) (result i32)
  (if (i32.eqz (local.get $bytes)) (then (return (global.get $OK))))
  (select (global.get $OK) (global.get $INVAL) (call $is_in_memory (local.get $at) (local.get $bytes))))

;; Where a buffer of the program is for the host: an empty one could be outside of memory.
(func $place (param $at i32) (param $bytes i32) (result i32)
  (select (local.get $at) (i32.const 0) (local.get $bytes)))

;; How much of a text is passed on.
(func $text_length (param $bytes i32) (result i32)
  (select
    (local.get $bytes)
    (global.get $MAX_TEXT)
    (i32.lt_u (local.get $bytes) (global.get $MAX_TEXT))))

;; Copies a key or a name to TEXT, `$text_length` bytes of it, and gives a status.
(func $copy_text (param $at i32) (param $bytes i32) (result i32)
  (local $status i32)
  (local.set $status (call $check_buffer (local.get $at) (local.get $bytes)))
  (if (i32.eqz (local.get $status))
    (then
      (memory.copy $own $guest
        (global.get $TEXT)
        (call $place (local.get $at) (local.get $bytes))
        (call $text_length (local.get $bytes)))))
  (local.get $status))

;; Whether a call has returned an error.
(func $failed (result i32)
  (i32.load8_u $own (global.get $RETURN)))

;; The error or the handle that a call has returned, where either may be.
(func $returned (result i32)
  (i32.load $own offset=4 (global.get $RETURN)))

;; The error that a call has returned, where there is no handle.
(func $returned_error (result i32)
  (i32.load8_u $own offset=4 (global.get $RETURN)))

;; The error of a call that returns nothing else; -1 is none.
(func $outcome (result i32)
  (select (i32.load8_u $own offset=1 (global.get $RETURN)) (i32.const -1) (call $failed)))

;; One digit of a table of 16.
(func $digit (param $table i64) (param $index i32) (result i32)
  (i32.wrap_i64
    (i64.and
      (i64.shr_u (local.get $table) (i64.extend_i32_u (i32.shl (local.get $index) (i32.const 2))))
      (i64.const 15))))
