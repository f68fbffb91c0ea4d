;; Programs of the ABI need not wait for what they have started, nor can they drop it. The host leaves that to whoever has the handles: so
;; where it has no room for another object, what has ended long ago is forgotten, as on the core path.

(import "edgekv:kv/kv-store@0.1.0" "[resource-drop]pending-lookup" (func $pending-lookup.drop (param $pending i32)))
(import "edgekv:kv/kv-store@0.1.0" "[resource-drop]pending-insert" (func $pending-insert.drop (param $pending i32)))
(import "edgekv:kv/kv-store@0.1.0" "[resource-drop]pending-delete" (func $pending-delete.drop (param $pending i32)))
(import "edgekv:kv/kv-store@0.1.0" "[resource-drop]pending-list" (func $pending-list.drop (param $pending i32)))

;; As few handles as no host has as its limit.
(global $FEW i32 (i32.const 32))

;; Whether a slot has something that was started, has ended, and was not waited for.
(func $has_ended (param $slot i32) (result i32)
  (local $pollable i32)
  (if (i32.gt_u (i32.sub (i32.load $own offset=4 (local.get $slot)) (global.get $LOOKUP)) (i32.const 3))
    (then (return (i32.const 0))))
  ;; What was found and did not fit is going to be fetched.
  (if (i32.load $own offset=12 (local.get $slot)) (then (return (i32.const 0))))
  (if (local.tee $pollable (call $subscribe (local.get $slot))) (then (call $pollable.drop (local.get $pollable))))
  (i32.eqz (local.get $pollable)))

;; How many numbers were given out since that of a slot.
(func $age (param $slot i32) (result i32)
  (i32.and (i32.sub (global.get $last) (i32.load $own (local.get $slot))) (global.get $LAST_NUMBER)))

;; Forgets the older ones of what has ended, and says whether there were any.
(func $forget_ended (result i32)
  (local $slot i32) (local $end i32) (local $oldest i32) (local $live i32)
  (local.set $live (global.get $live))
  (local.set $end (i32.add (global.get $table) (i32.shl (global.get $slots) (i32.const 5))))
  (local.set $slot (global.get $table))
  (block $seen
    (loop $next
      (br_if $seen (i32.eq (local.get $slot) (local.get $end)))
      (if (i32.gt_u (call $age (local.get $slot)) (local.get $oldest))
        (then
          (if (call $has_ended (local.get $slot)) (then (local.set $oldest (call $age (local.get $slot)))))))
      (local.set $slot (i32.add (local.get $slot) (i32.const 32)))
      (br $next)))
  (local.set $slot (global.get $table))
  (block $done
    (loop $next
      (br_if $done (i32.eq (local.get $slot) (local.get $end)))
      (if (i32.gt_u (call $age (local.get $slot)) (i32.shr_u (local.get $oldest) (i32.const 1)))
        (then (if (call $has_ended (local.get $slot)) (then (call $forget (local.get $slot))))))
      (local.set $slot (i32.add (local.get $slot) (i32.const 32)))
      (br $next)))
  (i32.ne (global.get $live) (local.get $live)))

(func $forget (param $slot i32)
  (local $object i32) (local $kind i32)
  (local.set $object (i32.load $own offset=8 (local.get $slot)))
  (local.set $kind (i32.load $own offset=4 (local.get $slot)))
  (call $remove (local.get $slot))
  (block $list
    (block $delete
      (block $insert
        (block $lookup
          (br_table $lookup $insert $delete $list (i32.sub (local.get $kind) (global.get $LOOKUP))))
        (call $pending-lookup.drop (local.get $object))
        (return))
      (call $pending-insert.drop (local.get $object))
      (return))
    (call $pending-delete.drop (local.get $object))
    (return))
  (call $pending-list.drop (local.get $object)))

;; Whether a call was refused for want of room, which each interface has a number for, and there is some now.
(func $may_try_again (param $limit_exceeded i32) (result i32)
  (if (i32.eqz (call $failed)) (then (return (i32.const 0))))
  (if (i32.ne (call $returned_error) (local.get $limit_exceeded)) (then (return (i32.const 0))))
  ;; With so few objects, it is the bytes that are too many; there is no forgetting these.
  (if (i32.lt_u (global.get $live) (global.get $FEW)) (then (return (i32.const 0))))
  (call $forget_ended))
