;; `fastly_abi`, `fastly_compute_runtime` and `fastly_log`.

(func $fastly_abi.init (param $version i64) (result i32)
  (i64.ne (local.get $version) (i64.const 1)))

(func $fastly_compute_runtime.get_vcpu_ms (param $out i32) (result i32)
  (local $status i32)
  (if (local.tee $status (call $check_u64 (local.get $out))) (then (return (local.get $status))))
  (i64.store $guest (local.get $out) (call $runtime.vcpu-ms))
  (global.get $OK))

;; The memory of the program, in MiB, of which there are 16 pages each.
(func $fastly_compute_runtime.get_heap_mib (param $out i32) (result i32)
  (call $store_u32
    (local.get $out)
    (i32.shr_u (i32.add (memory.size $guest) (i32.const 15)) (i32.const 4))))

(func $store_u32 (param $out i32) (param $number i32) (result i32)
  (local $status i32)
  (if (local.tee $status (call $check_u32 (local.get $out))) (then (return (local.get $status))))
  (i32.store $guest (local.get $out) (local.get $number))
  (global.get $OK))

;; There are no such products.
(func $fastly_compute_runtime.has_domain_inspector (param $out i32) (result i32)
  (call $store_u32 (local.get $out) (i32.const 0)))

(func $fastly_compute_runtime.has_image_optimizer (param $out i32) (result i32)
  (call $store_u32 (local.get $out) (i32.const 0)))

(func $fastly_compute_runtime.has_origin_inspector (param $out i32) (result i32)
  (call $store_u32 (local.get $out) (i32.const 0)))

(func $fastly_log.endpoint_get (param $name i32) (param $length i32) (param $out i32) (result i32)
  (local $status i32) (local $number i32)
  (if (local.tee $status (call $check_u32 (local.get $out))) (then (return (local.get $status))))
  (if (local.tee $status (call $copy_text (local.get $name) (local.get $length))) (then (return (local.get $status))))
  (local.set $length (call $text_length (local.get $length)))
  (local.set $number (call $named (global.get $ENDPOINT) (local.get $length)))
  (if (i32.eqz (local.get $number))
    (then
      (call $log.get (global.get $TEXT) (local.get $length) (global.get $RETURN))
      (if (call $failed)
        (then
          (return (select (global.get $LIMITEXCEEDED) (global.get $INVAL) (call $returned_error)))))
      (local.set $number (call $add (global.get $ENDPOINT) (call $returned)))
      (call $remember_name (global.get $ENDPOINT) (local.get $length) (local.get $number))))
  (i32.store $guest (local.get $out) (local.get $number))
  (global.get $OK))

(func $fastly_log.write (param $endpoint i32) (param $message i32) (param $length i32) (param $nwritten_out i32) (result i32)
  (local $status i32)
  (if (local.tee $status (call $check_u32 (local.get $nwritten_out))) (then (return (local.get $status))))
  (if (local.tee $status (call $check_buffer (local.get $message) (local.get $length))) (then (return (local.get $status))))
  (if (i32.eqz (local.tee $endpoint (call $object (local.get $endpoint) (global.get $ENDPOINT))))
    (then (return (global.get $BADF))))
  (call $endpoint.write
    (local.get $endpoint)
    (call $place (local.get $message) (local.get $length))
    (local.get $length))
  (i32.store $guest (local.get $nwritten_out) (local.get $length))
  (global.get $OK))
