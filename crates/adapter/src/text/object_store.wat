;; `fastly_object_store`: the older form of `fastly_kv_store`. It has no `kv_error`, so that the outcome of an operation is a status.

(func $fastly_object_store.open (param $name i32) (param $length i32) (param $out i32) (result i32)
  (call $fastly_kv_store.open (local.get $name) (local.get $length) (local.get $out)))

;; Stores the handle of a body with the value, or the one that means "none", and gives a status.
(func $store_found (param $error i32) (param $out i32) (result i32)
  (if (i32.eq (local.get $error) (i32.const 1))
    (then
      (i32.store $guest (local.get $out) (global.get $INVALID_HANDLE))
      (return (global.get $OK))))
  (if (i32.ge_s (local.get $error) (i32.const 0)) (then (return (call $kv_status (local.get $error)))))
  (i32.store $guest (local.get $out) (call $add (global.get $BODY) (global.get $found_body)))
  (global.get $OK))

(func $fastly_object_store.lookup (param $store i32) (param $key i32) (param $length i32) (param $out i32) (result i32)
  (local $status i32)
  (if (local.tee $status (call $check_u32 (local.get $out))) (then (return (local.get $status))))
  (if (i32.eqz (local.tee $store (call $object (local.get $store) (global.get $STORE)))) (then (return (global.get $BADF))))
  (if (local.tee $status (call $copy_text (local.get $key) (local.get $length))) (then (return (local.get $status))))
  (call $forget_lists)
  (call $store.get
    (local.get $store) (global.get $TEXT) (call $text_length (local.get $length)) (global.get $RETURN))
  (call $store_found (call $take_entry) (local.get $out)))

(func $fastly_object_store.lookup_async (param $store i32) (param $key i32) (param $length i32) (param $out i32) (result i32)
  (local $status i32)
  (if (local.tee $status (call $check_u32 (local.get $out))) (then (return (local.get $status))))
  (call $start_lookup (local.get $store) (local.get $key) (local.get $length) (local.get $out)))

(func $fastly_object_store.pending_lookup_wait (param $pending i32) (param $out i32) (result i32)
  (local $status i32) (local $slot i32)
  (if (local.tee $status (call $check_u32 (local.get $out))) (then (return (local.get $status))))
  (if (i32.eqz (local.tee $slot (call $find (local.get $pending) (global.get $LOOKUP)))) (then (return (global.get $BADF))))
  (local.set $status (call $wait_lookup (local.get $slot)))
  (call $remove_lookup (local.get $slot))
  (call $store_found (local.get $status) (local.get $out)))

;; Starts to write a body that was taken, in mode "overwrite" and without options, and gives a status.
(func $start_overwrite (param $store i32) (param $key i32) (param $length i32) (param $body i32) (result i32)
  (local $status i32)
  (if (local.tee $status (call $check_insert (local.get $store) (local.get $key) (local.get $length) (local.get $body)))
    (then
      (if (local.get $body) (then (call $body.drop (local.get $body))))
      (return (local.get $status))))
  (call $execute_insert
    (call $store.build-insert (call $object (local.get $store) (global.get $STORE)))
    (local.get $length)
    (local.get $body))
  (global.get $OK))

(func $fastly_object_store.insert (param $store i32) (param $key i32) (param $length i32) (param $body i32) (result i32)
  (local $status i32)
  (local.set $body (call $take_body (local.get $body)))
  (if (local.tee $status (call $start_overwrite (local.get $store) (local.get $key) (local.get $length) (local.get $body)))
    (then (return (local.get $status))))
  (if (call $failed) (then (return (call $kv_status (call $returned_error)))))
  (call $pending-insert.wait (call $returned) (global.get $RETURN))
  (call $write_status (call $outcome)))

;; The status for the outcome of a write; -1 is no error.
(func $write_status (param $error i32) (result i32)
  (if (i32.lt_s (local.get $error) (i32.const 0)) (then (return (global.get $OK))))
  (call $kv_status (local.get $error)))

(func $fastly_object_store.insert_async
  (param $store i32) (param $key i32) (param $length i32) (param $body i32) (param $out i32) (result i32)
  (local $status i32)
  (local.set $body (call $take_body (local.get $body)))
  (if (local.tee $status (call $check_u32 (local.get $out)))
    (then
      (if (local.get $body) (then (call $body.drop (local.get $body))))
      (return (local.get $status))))
  (if (local.tee $status (call $start_overwrite (local.get $store) (local.get $key) (local.get $length) (local.get $body)))
    (then (return (local.get $status))))
  (call $store_started (global.get $INSERT) (local.get $out)))

(func $fastly_object_store.pending_insert_wait (param $pending i32) (result i32)
  (local $slot i32)
  (if (i32.eqz (local.tee $slot (call $find (local.get $pending) (global.get $INSERT)))) (then (return (global.get $BADF))))
  (call $write_status (call $wait_insert (local.get $slot))))

(func $fastly_object_store.delete_async (param $store i32) (param $key i32) (param $length i32) (param $out i32) (result i32)
  (local $status i32)
  (if (local.tee $status (call $check_u32 (local.get $out))) (then (return (local.get $status))))
  (call $start_delete (local.get $store) (local.get $key) (local.get $length) (local.get $out)))

(func $fastly_object_store.pending_delete_wait (param $pending i32) (result i32)
  (local $slot i32) (local $error i32)
  (if (i32.eqz (local.tee $slot (call $find (local.get $pending) (global.get $DELETE)))) (then (return (global.get $BADF))))
  (local.set $error (call $wait_delete (local.get $slot)))
  (select (global.get $NONE) (call $write_status (local.get $error)) (i32.eq (local.get $error) (i32.const 1))))
