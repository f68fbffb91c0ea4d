;; The calls of `fastly_kv_store` that wait for what was started.

;; Stores how an operation has ended, and gives a status. The numbers of WIT are two less than those of the ABI, and -1 is no error. Where
;; it is a status, the variable is left at "uninitialized", which all programs can represent.
(func $store_outcome (param $error i32) (param $out i32) (result i32)
  (if (i32.lt_s (local.get $error) (i32.const 5))
    (then
      (i32.store $guest (local.get $out) (i32.add (local.get $error) (i32.const 2)))
      (return (global.get $OK))))
  (i32.store $guest (local.get $out) (i32.const 0))
  (call $kv_status (local.get $error)))

;; Waits for an insert, and takes it out of the table: its error, or -1.
(func $wait_insert (param $slot i32) (result i32)
  (local $known i32)
  (call $remove (local.get $slot))
  (if (local.tee $known (i32.load $own offset=12 (local.get $slot)))
    (then (return (i32.sub (local.get $known) (i32.const 1)))))
  (call $pending-insert.wait (i32.load $own offset=8 (local.get $slot)) (global.get $RETURN))
  (call $outcome))

;; The same for a delete.
(func $wait_delete (param $slot i32) (result i32)
  (local $known i32)
  (call $remove (local.get $slot))
  (if (local.tee $known (i32.load $own offset=12 (local.get $slot)))
    (then (return (i32.sub (local.get $known) (i32.const 1)))))
  (call $pending-delete.wait (i32.load $own offset=8 (local.get $slot)) (global.get $RETURN))
  (call $outcome))

(func $fastly_kv_store.insert_wait (param $pending i32) (param $kv_error_out i32) (result i32)
  (local $status i32) (local $slot i32)
  (if (local.tee $status (call $check_u32 (local.get $kv_error_out))) (then (return (local.get $status))))
  (if (i32.eqz (local.tee $slot (call $find (local.get $pending) (global.get $INSERT)))) (then (return (global.get $BADF))))
  (call $store_outcome (call $wait_insert (local.get $slot)) (local.get $kv_error_out)))

(func $fastly_kv_store.delete_wait (param $pending i32) (param $kv_error_out i32) (result i32)
  (local $status i32) (local $slot i32)
  (if (local.tee $status (call $check_u32 (local.get $kv_error_out))) (then (return (local.get $status))))
  (if (i32.eqz (local.tee $slot (call $find (local.get $pending) (global.get $DELETE)))) (then (return (global.get $BADF))))
  (call $store_outcome (call $wait_delete (local.get $slot)) (local.get $kv_error_out)))

(func $fastly_kv_store.list_wait (param $pending i32) (param $body_out i32) (param $kv_error_out i32) (result i32)
  (local $status i32) (local $slot i32) (local $known i32)
  (if (local.tee $status (call $check_u32 (local.get $body_out))) (then (return (local.get $status))))
  (if (local.tee $status (call $check_u32 (local.get $kv_error_out))) (then (return (local.get $status))))
  (if (i32.eqz (local.tee $slot (call $find (local.get $pending) (global.get $LIST)))) (then (return (global.get $BADF))))
  (call $remove (local.get $slot))
  (if (local.tee $known (i32.load $own offset=12 (local.get $slot)))
    (then (return (call $store_outcome (i32.sub (local.get $known) (i32.const 1)) (local.get $kv_error_out)))))
  (call $pending-list.wait-document (i32.load $own offset=8 (local.get $slot)) (global.get $RETURN))
  (if (call $failed) (then (return (call $store_outcome (call $returned_error) (local.get $kv_error_out)))))
  (i32.store $guest (local.get $body_out) (call $add (global.get $BODY) (call $returned)))
  (call $store_outcome (i32.const -1) (local.get $kv_error_out)))

;; What a lookup has found. Its metadata are in the adapter's memory, until the next call.
(global $found_body (mut i32) (i32.const 0))
(global $found_metadata (mut i32) (i32.const 0))
(global $found_metadata_length (mut i32) (i32.const 0))
(global $found_generation (mut i64) (i64.const 0))

;; Takes what a call has returned: an error, or -1.
(func $take_entry (result i32)
  (if (call $failed) (then (return (i32.load8_u $own offset=8 (global.get $RETURN)))))
  (global.set $found_body (i32.load $own offset=8 (global.get $RETURN)))
  (global.set $found_metadata (i32.load $own offset=16 (global.get $RETURN)))
  (global.set $found_metadata_length
    (select
      (i32.load $own offset=20 (global.get $RETURN))
      (i32.const 0)
      (i32.load8_u $own offset=12 (global.get $RETURN))))
  (global.set $found_generation (i64.load $own offset=24 (global.get $RETURN)))
  (i32.const -1))

;; Waits for a lookup: an error, or -1. The pending one is gone, unless it was kept; its slot is still there.
(func $wait_lookup (param $slot i32) (result i32)
  (local $known i32)
  (local.set $known (i32.load $own offset=12 (local.get $slot)))
  (if (i32.eqz (local.get $known))
    (then
      (call $forget_lists)
      (call $pending-lookup.wait (i32.load $own offset=8 (local.get $slot)) (global.get $RETURN))
      (return (call $take_entry))))
  (if (i32.le_u (local.get $known) (i32.const 16)) (then (return (i32.sub (local.get $known) (i32.const 1)))))
  (global.set $found_body (i32.load $own offset=8 (local.get $slot)))
  (global.set $found_generation (i64.load $own (local.get $known)))
  (global.set $found_metadata_length (i32.load $own offset=8 (local.get $known)))
  (global.set $found_metadata (i32.add (local.get $known) (i32.const 16)))
  (i32.const -1))

;; Places for what was found and could not be given: generation, length of the metadata, next free place, metadata.
(global $free_places (mut i32) (i32.const 0))
(global $MAX_METADATA i32 (i32.const 2000))

;; Keeps what was found for another try, in the slot of the lookup.
(func $keep_found (param $slot i32)
  (local $place i32)
  (if (i32.gt_u (i32.load $own offset=12 (local.get $slot)) (i32.const 16)) (then (return)))
  (if (local.tee $place (global.get $free_places))
    (then (global.set $free_places (i32.load $own offset=12 (local.get $place))))
    (else (local.set $place (call $keep (i32.add (global.get $MAX_METADATA) (i32.const 16))))))
  (i64.store $own (local.get $place) (global.get $found_generation))
  (i32.store $own offset=8 (local.get $place) (global.get $found_metadata_length))
  (memory.copy $own $own
    (i32.add (local.get $place) (i32.const 16))
    (global.get $found_metadata)
    (global.get $found_metadata_length))
  (i32.store $own offset=8 (local.get $slot) (global.get $found_body))
  (i32.store $own offset=12 (local.get $slot) (local.get $place)))

;; Removes the slot of a lookup, with the place that it may have.
(func $remove_lookup (param $slot i32)
  (local $place i32)
  (local.set $place (i32.load $own offset=12 (local.get $slot)))
  (if (i32.gt_u (local.get $place) (i32.const 16))
    (then
      (i32.store $own offset=12 (local.get $place) (global.get $free_places))
      (global.set $free_places (local.get $place))))
  (call $remove (local.get $slot)))

(func $fastly_kv_store.lookup_wait
  (param $pending i32) (param $body_out i32) (param $buffer i32) (param $length i32) (param $nwritten_out i32)
  (param $generation_out i32) (param $kv_error_out i32) (result i32)
  (call $finish_lookup
    (local.get $pending) (local.get $body_out) (local.get $buffer) (local.get $length) (local.get $nwritten_out)
    (local.get $generation_out) (i32.const 4) (local.get $kv_error_out)))

(func $fastly_kv_store.lookup_wait_v2
  (param $pending i32) (param $body_out i32) (param $buffer i32) (param $length i32) (param $nwritten_out i32)
  (param $generation_out i32) (param $kv_error_out i32) (result i32)
  (call $finish_lookup
    (local.get $pending) (local.get $body_out) (local.get $buffer) (local.get $length) (local.get $nwritten_out)
    (local.get $generation_out) (i32.const 8) (local.get $kv_error_out)))

;; Both versions of the wait: they differ in how many bytes the generation has. The older one has never told it.
(func $finish_lookup
  (param $pending i32) (param $body_out i32) (param $buffer i32) (param $length i32) (param $nwritten_out i32)
  (param $generation_out i32) (param $generation_bytes i32) (param $kv_error_out i32) (result i32)
  (local $status i32) (local $slot i32) (local $error i32)
  (if (local.tee $status (call $check_u32 (local.get $body_out))) (then (return (local.get $status))))
  (if (local.tee $status (call $check_buffer (local.get $buffer) (local.get $length))) (then (return (local.get $status))))
  (if (local.tee $status (call $check_u32 (local.get $nwritten_out))) (then (return (local.get $status))))
  (if
    (local.tee $status
      (call $check (local.get $generation_out) (local.get $generation_bytes) (local.get $generation_bytes)))
    (then (return (local.get $status))))
  (if (local.tee $status (call $check_u32 (local.get $kv_error_out))) (then (return (local.get $status))))
  (if (i32.eqz (local.tee $slot (call $find (local.get $pending) (global.get $LOOKUP)))) (then (return (global.get $BADF))))
  (local.set $error (call $wait_lookup (local.get $slot)))
  (if (i32.ge_s (local.get $error) (i32.const 0))
    (then
      (call $remove_lookup (local.get $slot))
      (i32.store $guest (local.get $nwritten_out) (i32.const 0))
      (return (call $store_outcome (local.get $error) (local.get $kv_error_out)))))
  (if (i32.gt_u (global.get $found_metadata_length) (global.get $MAX_METADATA))
    (then
      ;; No store has these; a layer may. There would be no end to what has to be kept.
      (call $remove_lookup (local.get $slot))
      (call $body.drop (global.get $found_body))
      (i32.store $guest (local.get $nwritten_out) (i32.const 0))
      (return (call $store_outcome (i32.const 4) (local.get $kv_error_out)))))
  (if (i32.gt_u (global.get $found_metadata_length) (local.get $length))
    (then
      ;; They do not fit. Everything stays as it is, for another try with a larger buffer.
      (call $keep_found (local.get $slot))
      (i32.store $guest (local.get $nwritten_out) (global.get $found_metadata_length))
      (return (global.get $BUFLEN))))
  (memory.copy $guest $own
    (call $place (local.get $buffer) (local.get $length))
    (global.get $found_metadata)
    (global.get $found_metadata_length))
  (i32.store $guest (local.get $nwritten_out) (global.get $found_metadata_length))
  (call $remove_lookup (local.get $slot))
  (if (i32.eq (local.get $generation_bytes) (i32.const 8))
    (then (i64.store $guest (local.get $generation_out) (global.get $found_generation)))
    (else (i32.store $guest (local.get $generation_out) (i32.const 0))))
  (i32.store $guest (local.get $body_out) (call $add (global.get $BODY) (global.get $found_body)))
  (call $store_outcome (i32.const -1) (local.get $kv_error_out)))
