;; The handles that the program has: a number, what kind of thing it is, and the component's handle of it. Numbers rise, as the host's
;; do on the core path, so one that is gone names nothing.
;;
;; A slot has 32 bytes: number, kind (0 is a free slot), handle, what else is known, the last `select` that it was in.

(global $STORE i32 (i32.const 1))
(global $BODY i32 (i32.const 2))
(global $LOOKUP i32 (i32.const 3))
(global $INSERT i32 (i32.const 4))
(global $DELETE i32 (i32.const 5))
(global $LIST i32 (i32.const 6))
(global $ENDPOINT i32 (i32.const 7))
(global $LAST_NUMBER i32 (i32.const 0x7fffffff))

(global $table (mut i32) (i32.const 0))
(global $slots (mut i32) (i32.const 0))
(global $live (mut i32) (i32.const 0))
(global $last (mut i32) (i32.const 0))

(func $slot_of (param $number i32) (result i32)
  (i32.add
    (global.get $table)
    (i32.shl (i32.and (local.get $number) (i32.sub (global.get $slots) (i32.const 1))) (i32.const 5))))

;; The slot of a handle of any kind; 0 is none.
(func $find_any (param $number i32) (result i32)
  (local $slot i32)
  (if (i32.eqz (global.get $slots)) (then (return (i32.const 0))))
  (local.set $slot (call $slot_of (local.get $number)))
  (if (i32.eqz (i32.load $own offset=4 (local.get $slot))) (then (return (i32.const 0))))
  (select
    (local.get $slot)
    (i32.const 0)
    (i32.eq (i32.load $own (local.get $slot)) (local.get $number))))

;; The slot of a handle of this kind; 0 is none.
(func $find (param $number i32) (param $kind i32) (result i32)
  (local $slot i32)
  (local.set $slot (call $find_any (local.get $number)))
  (if (i32.eqz (local.get $slot)) (then (return (i32.const 0))))
  (select
    (local.get $slot)
    (i32.const 0)
    (i32.eq (i32.load $own offset=4 (local.get $slot)) (local.get $kind))))

;; The component's handle behind a handle of this kind; 0 is none.
(func $object (param $number i32) (param $kind i32) (result i32)
  (local $slot i32)
  (local.set $slot (call $find (local.get $number) (local.get $kind)))
  (if (i32.eqz (local.get $slot)) (then (return (i32.const 0))))
  (i32.load $own offset=8 (local.get $slot)))

;; Gives a number to something, of which nothing else is known.
(func $add (param $kind i32) (param $object i32) (result i32)
  (call $add_with (local.get $kind) (local.get $object) (i32.const 0)))

(func $add_with (param $kind i32) (param $object i32) (param $known i32) (result i32)
  (local $slot i32)
  (if (i32.lt_u (global.get $slots) (i32.shl (i32.add (global.get $live) (i32.const 1)) (i32.const 1)))
    (then (call $grow_table)))
  (loop $next
    (global.set $last
      (i32.add
        (select (i32.const 0) (global.get $last) (i32.eq (global.get $last) (global.get $LAST_NUMBER)))
        (i32.const 1)))
    (local.set $slot (call $slot_of (global.get $last)))
    (br_if $next (i32.load $own offset=4 (local.get $slot))))
  (i32.store $own (local.get $slot) (global.get $last))
  (i32.store $own offset=4 (local.get $slot) (local.get $kind))
  (i32.store $own offset=8 (local.get $slot) (local.get $object))
  (i32.store $own offset=12 (local.get $slot) (local.get $known))
  (i32.store $own offset=16 (local.get $slot) (i32.const 0))
  (global.set $live (i32.add (global.get $live) (i32.const 1)))
  (global.get $last))

(func $remove (param $slot i32)
  (i32.store $own offset=4 (local.get $slot) (i32.const 0))
  (global.set $live (i32.sub (global.get $live) (i32.const 1))))

;; Takes a body out of the table: its component's handle; 0 is none.
(func $take_body (param $number i32) (result i32)
  (local $slot i32)
  (local.set $slot (call $find (local.get $number) (global.get $BODY)))
  (if (i32.eqz (local.get $slot)) (then (return (i32.const 0))))
  (call $remove (local.get $slot))
  (i32.load $own offset=8 (local.get $slot)))

;; Twice as many slots: each is in its new place, or free, as the numbers in one of the old places differ in the new bit.
(func $grow_table
  (local $old i32) (local $end i32) (local $slots i32)
  (local.set $old (global.get $table))
  (local.set $end (i32.add (local.get $old) (i32.shl (global.get $slots) (i32.const 5))))
  (local.set $slots (i32.shl (global.get $slots) (i32.const 1)))
  (if (i32.eqz (local.get $slots)) (then (local.set $slots (i32.const 16))))
  (global.set $table (call $keep (i32.shl (local.get $slots) (i32.const 5))))
  (global.set $slots (local.get $slots))
  (block $done
    (loop $next
      (br_if $done (i32.eq (local.get $old) (local.get $end)))
      (if (i32.load $own offset=4 (local.get $old))
        (then
          (memory.copy $own $own
            (call $slot_of (i32.load $own (local.get $old)))
            (local.get $old)
            (i32.const 32))))
      (local.set $old (i32.add (local.get $old) (i32.const 32)))
      (br $next))))

;; Names that have a handle already, of stores and of endpoints: next one, kind, number, length, bytes.
(global $names (mut i32) (i32.const 0))

;; The number of what has the name in TEXT; 0 is none.
(func $named (param $kind i32) (param $length i32) (result i32)
  (local $name i32)
  (local.set $name (global.get $names))
  (loop $next
    (if (i32.eqz (local.get $name)) (then (return (i32.const 0))))
    (if
      (i32.and
        (i32.eq (i32.load $own offset=4 (local.get $name)) (local.get $kind))
        (i32.eq (i32.load $own offset=12 (local.get $name)) (local.get $length)))
      (then
        (if (call $is_same (i32.add (local.get $name) (i32.const 16)) (global.get $TEXT) (local.get $length))
          (then (return (i32.load $own offset=8 (local.get $name)))))))
    (local.set $name (i32.load $own (local.get $name)))
    (br $next))
  (unreachable))

;; Gives the name in TEXT to a number.
(func $remember_name (param $kind i32) (param $length i32) (param $number i32)
  (local $name i32)
  (local.set $name (call $keep (i32.add (local.get $length) (i32.const 16))))
  (i32.store $own (local.get $name) (global.get $names))
  (i32.store $own offset=4 (local.get $name) (local.get $kind))
  (i32.store $own offset=8 (local.get $name) (local.get $number))
  (i32.store $own offset=12 (local.get $name) (local.get $length))
  (memory.copy $own $own (i32.add (local.get $name) (i32.const 16)) (global.get $TEXT) (local.get $length))
  (global.set $names (local.get $name)))

;; Whether two pieces of the adapter's memory are the same.
(func $is_same (param $one i32) (param $other i32) (param $bytes i32) (result i32)
  (loop $next
    (if (i32.eqz (local.get $bytes)) (then (return (i32.const 1))))
    (if (i32.ne (i32.load8_u $own (local.get $one)) (i32.load8_u $own (local.get $other)))
      (then (return (i32.const 0))))
    (local.set $one (i32.add (local.get $one) (i32.const 1)))
    (local.set $other (i32.add (local.get $other) (i32.const 1)))
    (local.set $bytes (i32.sub (local.get $bytes) (i32.const 1)))
    (br $next))
  (unreachable))
