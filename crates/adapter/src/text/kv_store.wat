;; `fastly_kv_store`. Waits are in waits.wat.

;; The status for an error of a call that has no `kv_error`: bad-request, not-found, precondition-failed, payload-too-large,
;; internal-error, too-many-requests, invalid-argument, no-such-store, limit-exceeded, body-incomplete.
(func $kv_status (param $error i32) (result i32)
  (call $digit (i64.const 0x9d22d12222) (local.get $error)))

(func $fastly_kv_store.open (param $name i32) (param $length i32) (param $out i32) (result i32)
  (local $status i32) (local $number i32)
  (if (local.tee $status (call $check_u32 (local.get $out))) (then (return (local.get $status))))
  (if (local.tee $status (call $copy_text (local.get $name) (local.get $length))) (then (return (local.get $status))))
  (local.set $length (call $text_length (local.get $length)))
  (local.set $number (call $named (global.get $STORE) (local.get $length)))
  (if (i32.eqz (local.get $number))
    (then
      (call $kv-store.open (global.get $TEXT) (local.get $length) (global.get $RETURN))
      (if (call $failed) (then (return (call $kv_status (call $returned_error)))))
      (local.set $number (call $add (global.get $STORE) (call $returned)))
      (call $remember_name (global.get $STORE) (local.get $length) (local.get $number))))
  (i32.store $guest (local.get $out) (local.get $number))
  (global.get $OK))

;; Stores a number for what a call has started, and gives a status. What has ended as it began keeps its outcome until it is waited for.
(func $store_started (param $kind i32) (param $out i32) (result i32)
  (if (call $failed)
    (then
      (if (i32.gt_u (call $returned_error) (i32.const 5)) (then (return (call $kv_status (call $returned_error)))))
      (i32.store $guest
        (local.get $out)
        (call $add_with (local.get $kind) (i32.const 0) (i32.add (call $returned_error) (i32.const 1))))
      (return (global.get $OK))))
  (i32.store $guest (local.get $out) (call $add (local.get $kind) (call $returned)))
  (global.get $OK))

(func $fastly_kv_store.lookup
  (param $store i32) (param $key i32) (param $length i32) (param $mask i32) (param $config i32) (param $out i32) (result i32)
  (local $status i32)
  (if (local.tee $status (call $check_u32 (local.get $out))) (then (return (local.get $status))))
  ;; There is nothing in the record that would be of use, and programs exist that pass none at all.
  (if (i32.gt_u (local.get $mask) (i32.const 1)) (then (return (global.get $INVAL))))
  (call $start_lookup (local.get $store) (local.get $key) (local.get $length) (local.get $out)))

(func $start_lookup (param $store i32) (param $key i32) (param $length i32) (param $out i32) (result i32)
  (local $status i32)
  (if (i32.eqz (local.tee $store (call $object (local.get $store) (global.get $STORE)))) (then (return (global.get $BADF))))
  (if (local.tee $status (call $copy_text (local.get $key) (local.get $length))) (then (return (local.get $status))))
  (loop $again
    (call $store.lookup-async
      (local.get $store) (global.get $TEXT) (call $text_length (local.get $length)) (global.get $RETURN))
    (br_if $again (call $may_try_again (i32.const 8))))
  (call $store_started (global.get $LOOKUP) (local.get $out)))

(func $fastly_kv_store.insert
  (param $store i32) (param $key i32) (param $length i32) (param $body i32) (param $mask i32) (param $config i32) (param $out i32)
  (result i32)
  (local $status i32)
  ;; Programs give the body up before they call, so it is taken whatever comes of the call.
  (local.set $body (call $take_body (local.get $body)))
  (block $refused
    (br_if $refused (local.tee $status (call $check_u32 (local.get $out))))
    (br_if $refused (local.tee $status (call $check_insert (local.get $store) (local.get $key) (local.get $length) (local.get $body))))
    (br_if $refused (local.tee $status (call $check_insert_config (local.get $mask) (local.get $config))))
    (call $execute_insert
      (call $build_insert (local.get $store) (local.get $mask) (local.get $config))
      (local.get $length)
      (local.get $body))
    (return (call $store_started (global.get $INSERT) (local.get $out))))
  (if (local.get $body) (then (call $body.drop (local.get $body))))
  (local.get $status))

;; The status for a store, a key, which is copied to TEXT, and a body that was taken.
(func $check_insert (param $store i32) (param $key i32) (param $length i32) (param $body i32) (result i32)
  (local $status i32)
  (if (i32.eqz (call $find (local.get $store) (global.get $STORE))) (then (return (global.get $BADF))))
  (if (local.tee $status (call $copy_text (local.get $key) (local.get $length))) (then (return (local.get $status))))
  (select (global.get $OK) (global.get $BADF) (local.get $body)))

;; The status for the options of an insert.
(func $check_insert_config (param $mask i32) (param $config i32) (result i32)
  (local $status i32)
  (if (i32.gt_u (local.get $mask) (i32.const 63)) (then (return (global.get $INVAL))))
  (if (local.tee $status (call $check_u32 (local.get $config))) (then (return (local.get $status))))
  (if (i32.gt_u (i32.load $guest (local.get $config)) (i32.const 3)) (then (return (global.get $INVAL))))
  (if (local.tee $status (call $check (local.get $config) (i32.const 32) (i32.const 8))) (then (return (local.get $status))))
  (if (i32.eqz (i32.and (local.get $mask) (i32.const 8))) (then (return (global.get $OK))))
  (call $check_buffer
    (i32.load $guest offset=8 (local.get $config))
    (i32.load $guest offset=12 (local.get $config))))

;; A builder with the options of an insert, which have been checked.
(func $build_insert (param $store i32) (param $mask i32) (param $config i32) (result i32)
  (local $builder i32)
  (local.set $builder (call $store.build-insert (call $object (local.get $store) (global.get $STORE))))
  (if (i32.load $guest (local.get $config))
    (then (call $insert-builder.mode (local.get $builder) (i32.load $guest (local.get $config)))))
  (if (i32.and (local.get $mask) (i32.const 2)) (then (call $insert-builder.background-fetch (local.get $builder))))
  (if (i32.and (local.get $mask) (i32.const 8))
    (then
      (call $insert-builder.metadata
        (local.get $builder)
        (call $place
          (i32.load $guest offset=8 (local.get $config))
          (i32.load $guest offset=12 (local.get $config)))
        ;; What is too long is so with one byte more than there may be: no need to keep more of it.
        (select
          (i32.load $guest offset=12 (local.get $config))
          (i32.add (global.get $MAX_METADATA) (i32.const 1))
          (i32.le_u (i32.load $guest offset=12 (local.get $config)) (global.get $MAX_METADATA))))))
  (if (i32.and (local.get $mask) (i32.const 16))
    (then
      (call $insert-builder.time-to-live
        (local.get $builder)
        (i64.mul (i64.load32_u $guest offset=16 (local.get $config)) (i64.const 1000)))))
  (if (i32.and (local.get $mask) (i32.const 32))
    (then
      (call $insert-builder.if-generation-match
        (local.get $builder)
        (i64.load $guest offset=24 (local.get $config)))))
  (local.get $builder))

;; Starts an insert of the key in TEXT. Builder and body are gone after that.
(func $execute_insert (param $builder i32) (param $length i32) (param $body i32)
  (call $insert-builder.execute-body-async
    (local.get $builder) (global.get $TEXT) (call $text_length (local.get $length)) (local.get $body) (global.get $RETURN))
  (call $insert-builder.drop (local.get $builder)))

(func $fastly_kv_store.delete
  (param $store i32) (param $key i32) (param $length i32) (param $mask i32) (param $config i32) (param $out i32) (result i32)
  (local $status i32) (local $builder i32)
  (if (local.tee $status (call $check_u32 (local.get $out))) (then (return (local.get $status))))
  (if (i32.gt_u (local.get $mask) (i32.const 3)) (then (return (global.get $INVAL))))
  (if (i32.eqz (i32.and (local.get $mask) (i32.const 2)))
    (then
      (return (call $start_delete (local.get $store) (local.get $key) (local.get $length) (local.get $out)))))
  (if (local.tee $status (call $check_u32 (local.get $config))) (then (return (local.get $status))))
  (if (local.tee $status (call $check (local.get $config) (i32.const 16) (i32.const 8))) (then (return (local.get $status))))
  (if (i32.eqz (local.tee $store (call $object (local.get $store) (global.get $STORE)))) (then (return (global.get $BADF))))
  (if (local.tee $status (call $copy_text (local.get $key) (local.get $length))) (then (return (local.get $status))))
  (local.set $builder (call $store.build-delete (local.get $store)))
  (call $delete-builder.if-generation-match (local.get $builder) (i64.load $guest offset=8 (local.get $config)))
  (loop $again
    (call $delete-builder.execute-async
      (local.get $builder) (global.get $TEXT) (call $text_length (local.get $length)) (global.get $RETURN))
    (br_if $again (call $may_try_again (i32.const 8))))
  (call $delete-builder.drop (local.get $builder))
  (call $store_started (global.get $DELETE) (local.get $out)))

(func $start_delete (param $store i32) (param $key i32) (param $length i32) (param $out i32) (result i32)
  (local $status i32)
  (if (i32.eqz (local.tee $store (call $object (local.get $store) (global.get $STORE)))) (then (return (global.get $BADF))))
  (if (local.tee $status (call $copy_text (local.get $key) (local.get $length))) (then (return (local.get $status))))
  (loop $again
    (call $store.delete-async
      (local.get $store) (global.get $TEXT) (call $text_length (local.get $length)) (global.get $RETURN))
    (br_if $again (call $may_try_again (i32.const 8))))
  (call $store_started (global.get $DELETE) (local.get $out)))

(func $fastly_kv_store.list (param $store i32) (param $mask i32) (param $config i32) (param $out i32) (result i32)
  (local $status i32) (local $builder i32)
  (if (local.tee $status (call $check_u32 (local.get $out))) (then (return (local.get $status))))
  (if (i32.gt_u (local.get $mask) (i32.const 15)) (then (return (global.get $INVAL))))
  (if (local.tee $status (call $check_u32 (local.get $config))) (then (return (local.get $status))))
  (if (i32.gt_u (i32.load $guest (local.get $config)) (i32.const 1)) (then (return (global.get $INVAL))))
  (if (local.tee $status (call $check (local.get $config) (i32.const 24) (i32.const 4))) (then (return (local.get $status))))
  (if (i32.and (local.get $mask) (i32.const 8))
    (then
      (if
        (local.tee $status
          (call $check_buffer
            (i32.load $guest offset=16 (local.get $config))
            (i32.load $guest offset=20 (local.get $config))))
        (then (return (local.get $status))))))
  (if (i32.and (local.get $mask) (i32.const 2))
    (then
      (if
        (local.tee $status
          (call $check_buffer
            (i32.load $guest offset=4 (local.get $config))
            (i32.load $guest offset=8 (local.get $config))))
        (then (return (local.get $status))))))
  (if (i32.eqz (local.tee $store (call $object (local.get $store) (global.get $STORE)))) (then (return (global.get $BADF))))
  (local.set $builder (call $store.build-list (local.get $store)))
  (if (i32.load $guest (local.get $config))
    (then (call $list-builder.mode (local.get $builder) (i32.load $guest (local.get $config)))))
  (if (i32.and (local.get $mask) (i32.const 8))
    (then
      (call $list-builder.prefix
        (local.get $builder)
        (call $place
          (i32.load $guest offset=16 (local.get $config))
          (i32.load $guest offset=20 (local.get $config)))
        (i32.load $guest offset=20 (local.get $config)))))
  (if (i32.and (local.get $mask) (i32.const 2))
    (then
      (call $list-builder.cursor
        (local.get $builder)
        (call $place
          (i32.load $guest offset=4 (local.get $config))
          (i32.load $guest offset=8 (local.get $config)))
        (i32.load $guest offset=8 (local.get $config)))))
  (if (i32.and (local.get $mask) (i32.const 4))
    (then (call $list-builder.limit (local.get $builder) (i32.load $guest offset=12 (local.get $config)))))
  (loop $again
    (call $list-builder.execute-async (local.get $builder) (global.get $RETURN))
    (br_if $again (call $may_try_again (i32.const 8))))
  (call $list-builder.drop (local.get $builder))
  (call $store_started (global.get $LIST) (local.get $out)))
