;; An application whose behaviour the last character of the URL chooses.
(module
  (import "fastly_http_req" "body_downstream_get" (func $downstream (param i32 i32) (result i32)))
  (import "fastly_http_req" "uri_get" (func $uri (param i32 i32 i32 i32) (result i32)))
  (import "fastly_http_resp" "new" (func $response (param i32) (result i32)))
  (import "fastly_http_resp" "status_set" (func $status (param i32 i32) (result i32)))
  (import "fastly_http_resp" "http_keepalive_mode_set" (func $keepalive (param i32 i32) (result i32)))
  (import "fastly_http_resp" "send_downstream" (func $send (param i32 i32 i32) (result i32)))
  (import "fastly_http_body" "new" (func $body (param i32) (result i32)))
  (import "fastly_http_body" "write" (func $write (param i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_body" "read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "fastly_http_body" "append" (func $append (param i32 i32) (result i32)))
  (import "fastly_http_body" "close" (func $close (param i32) (result i32)))
  (import "fastly_http_body" "abandon" (func $abandon (param i32) (result i32)))
  (import "fastly_http_body" "trailer_append" (func $trailer (param i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_resp" "header_insert" (func $header (param i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_log" "endpoint_get" (func $endpoint (param i32 i32 i32) (result i32)))
  (import "fastly_log" "write" (func $log (param i32 i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "open" (func $open (param i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "insert" (func $insert (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "insert_wait" (func $insert_wait (param i32 i32) (result i32)))
  (import "fastly_compute_runtime" "get_vcpu_ms" (func $cpu (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $print (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 32)

  ;; Variables: 40 request, 4 its body, 8 length, 12 response, 16 body, 20 written, 24 read, 28 store, 32 pending, 36 kv_error, 44 endpoint
  ;; 64 a list of one buffer, for printing; 128 an insert's options, all 0; 256 text; 4096 the URL; 65536 a large buffer
  (data (i32.const 256) "hello\nprinted\nstorekey-nametrailerx-endone\ntwo\1b[31m")

  (func $check (param i32) (if (local.get 0) (then unreachable)))
  (func $the_body (result i32) (i32.load (i32.const 4)))
  (func $new_body (result i32) (call $check (call $body (i32.const 16))) (i32.load (i32.const 16)))
  (func $new_response (result i32) (call $check (call $response (i32.const 12))) (i32.load (i32.const 12)))
  (func $say (param $body i32)
    (call $check (call $write (local.get $body) (i32.const 256) (i32.const 6) (i32.const 0) (i32.const 20))))
  ;; One response: "hello".
  (func $hello (local $b i32)
    (local.set $b (call $new_body))
    (call $say (local.get $b))
    (call $check (call $send (call $new_response) (local.get $b) (i32.const 0))))
  ;; A response that is sent as it is written: gives the body.
  (func $stream (result i32) (local $b i32)
    (local.set $b (call $new_body))
    (call $check (call $send (call $new_response) (local.get $b) (i32.const 1)))
    (local.get $b))
  (func $store
    (call $check (call $open (i32.const 270) (i32.const 5) (i32.const 28)))
    (call $check (call $insert (i32.load (i32.const 28)) (i32.const 275) (i32.const 3) (call $new_body)
      (i32.const 0) (i32.const 128) (i32.const 32)))
    (call $check (call $insert_wait (i32.load (i32.const 32)) (i32.const 36))))

  (func (export "_start") (local $what i32) (local $b i32)
    (call $check (call $downstream (i32.const 40) (i32.const 4)))
    (call $check (call $uri (i32.load (i32.const 40)) (i32.const 4096) (i32.const 60000) (i32.const 8)))
    (local.set $what (i32.load8_u (i32.add (i32.const 4095) (i32.load (i32.const 8)))))

    (if (i32.eq (local.get $what) (i32.const 0x68 (; h ;))) (then (call $hello) (return)))
    ;; t: traps without an answer
    (if (i32.eq (local.get $what) (i32.const 0x74 (; t ;))) (then unreachable))
    ;; n: ends without an answer; x: with a status as well
    (if (i32.eq (local.get $what) (i32.const 0x6e (; n ;))) (then (return)))
    (if (i32.eq (local.get $what) (i32.const 0x78 (; x ;))) (then (call $exit (i32.const 3))))
    ;; 2: answers twice; the second time is refused, which the guest tells by its status
    (if (i32.eq (local.get $what) (i32.const 0x32 (; 2 ;))) (then
      (call $hello)
      (call $exit (call $send (call $new_response) (call $new_body) (i32.const 0)))))
    ;; l: a loop without end; L: after an answer
    (if (i32.eq (local.get $what) (i32.const 0x6c (; l ;))) (then (loop $for_ever (br $for_ever))))
    (if (i32.eq (local.get $what) (i32.const 0x4c (; L ;))) (then (call $hello) (loop $for_ever (br $for_ever))))
    ;; m: wants memory until there is none, and traps then
    (if (i32.eq (local.get $what) (i32.const 0x6d (; m ;))) (then
      (loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
      unreachable))
    ;; s: streams "hello" until the client is gone
    (if (i32.eq (local.get $what) (i32.const 0x73 (; s ;))) (then
      (local.set $b (call $stream))
      (loop $more (call $say (local.get $b)) (br $more))))
    ;; S: streams large pieces until the client is gone
    (if (i32.eq (local.get $what) (i32.const 0x53 (; S ;))) (then
      (local.set $b (call $stream))
      (loop $more
        (call $check (call $write (local.get $b) (i32.const 65536) (i32.const 1000000) (i32.const 0) (i32.const 20)))
        (br $more))))
    ;; c: streams "hello" and a trailer, and ends properly; a: cuts it off instead; g: just ends
    (if (i32.eq (local.get $what) (i32.const 0x63 (; c ;))) (then
      ;; Announced, without which HTTP/1.1 has none.
      (call $check
        (call $header (call $new_response) (i32.const 283) (i32.const 7) (i32.const 290) (i32.const 5)))
      (local.set $b (call $new_body))
      (call $check (call $send (i32.load (i32.const 12)) (local.get $b) (i32.const 1)))
      (call $say (local.get $b))
      (call $check (call $trailer (local.get $b) (i32.const 290) (i32.const 5) (i32.const 275) (i32.const 3)))
      (call $check (call $close (local.get $b)))
      (return)))
    (if (i32.eq (local.get $what) (i32.const 0x61 (; a ;))) (then
      (local.set $b (call $stream))
      (call $say (local.get $b))
      (call $check (call $abandon (local.get $b)))
      (return)))
    (if (i32.eq (local.get $what) (i32.const 0x67 (; g ;))) (then (call $say (call $stream)) (return)))
    ;; B: streams pieces of 64 KiB until the client is gone, and tells their number by its status
    (if (i32.eq (local.get $what) (i32.const 0x42 (; B ;))) (then
      (local.set $b (call $stream))
      (local.set $what (i32.const 0))
      (loop $more
        (if (call $write (local.get $b) (i32.const 65536) (i32.const 65536) (i32.const 0) (i32.const 20)) (then
          (call $exit (local.get $what))))
        (local.set $what (i32.add (local.get $what) (i32.const 1)))
        (br $more))))
    ;; d: streams "hello", and then loops for ever
    (if (i32.eq (local.get $what) (i32.const 0x64 (; d ;))) (then
      (call $say (call $stream))
      (loop $for_ever (br $for_ever))))
    ;; D: answers with 16 MB at once
    (if (i32.eq (local.get $what) (i32.const 0x44 (; D ;))) (then
      (local.set $b (call $new_body))
      (local.set $what (i32.const 16))
      (loop $more
        (call $check (call $write (local.get $b) (i32.const 65536) (i32.const 1000000) (i32.const 0) (i32.const 20)))
        (local.set $what (i32.sub (local.get $what) (i32.const 1)))
        (br_if $more (local.get $what)))
      (call $check (call $send (call $new_response) (local.get $b) (i32.const 0)))
      (return)))
    ;; 4: answers with 204, and a body that there must not be
    (if (i32.eq (local.get $what) (i32.const 0x34 (; 4 ;))) (then
      (call $check (call $status (call $new_response) (i32.const 204)))
      (local.set $b (call $new_body))
      (call $say (local.get $b))
      (call $check (call $send (i32.load (i32.const 12)) (local.get $b) (i32.const 0)))
      (return)))
    ;; j: sends two messages to an endpoint of the log, the second a long one, and answers
    (if (i32.eq (local.get $what) (i32.const 0x6a (; j ;))) (then
      (call $check (call $endpoint (i32.const 270) (i32.const 5) (i32.const 44)))
      (call $check (call $log (i32.load (i32.const 44)) (i32.const 295) (i32.const 12) (i32.const 20)))
      (call $check (call $log (i32.load (i32.const 44)) (i32.const 65536) (i32.const 1000000) (i32.const 20)))
      (call $hello)
      (return)))
    ;; u: reads the body of the request to its end, or to where it breaks off, and traps
    (if (i32.eq (local.get $what) (i32.const 0x75 (; u ;))) (then
      (loop $more
        (if (call $read (call $the_body) (i32.const 65536) (i32.const 1000000) (i32.const 24)) (then unreachable))
        (br_if $more (i32.load (i32.const 24))))
      unreachable))
    ;; e: sends the body of the request back as it comes
    (if (i32.eq (local.get $what) (i32.const 0x65 (; e ;))) (then
      (local.set $b (call $stream))
      (loop $more
        (call $check (call $read (call $the_body) (i32.const 65536) (i32.const 1000000) (i32.const 24)))
        (if (i32.load (i32.const 24)) (then
          (call $check
            (call $write (local.get $b) (i32.const 65536) (i32.load (i32.const 24)) (i32.const 0) (i32.const 20)))
          (br $more))))
      (call $check (call $close (local.get $b)))
      (return)))
    ;; r: reads the body of the request to its end, then answers; where that breaks off, ends with the status
    (if (i32.eq (local.get $what) (i32.const 0x72 (; r ;))) (then
      (loop $more
        (local.set $b (call $read (call $the_body) (i32.const 65536) (i32.const 1000000) (i32.const 24)))
        (if (local.get $b) (then (call $exit (local.get $b))))
        (br_if $more (i32.load (i32.const 24))))
      (call $hello)
      (return)))
    ;; k: writes to the store, and answers; K: the other way round
    (if (i32.eq (local.get $what) (i32.const 0x6b (; k ;))) (then (call $store) (call $hello) (return)))
    (if (i32.eq (local.get $what) (i32.const 0x4b (; K ;))) (then (call $hello) (call $store) (return)))
    ;; p: prints, and answers
    (if (i32.eq (local.get $what) (i32.const 0x70 (; p ;))) (then
      (i32.store (i32.const 64) (i32.const 262))
      (i32.store (i32.const 68) (i32.const 8))
      (call $check (call $print (i32.const 1) (i32.const 64) (i32.const 1) (i32.const 20)))
      (call $hello)
      (return)))
    ;; o: has the connection closed after the answer
    (if (i32.eq (local.get $what) (i32.const 0x6f (; o ;))) (then
      (call $check (call $keepalive (call $new_response) (i32.const 1)))
      (call $check (call $send (i32.load (i32.const 12)) (call $new_body) (i32.const 0)))
      (return)))
    (call $check (call $status (call $new_response) (i32.const 404)))
    (call $check (call $send (i32.load (i32.const 12)) (call $new_body) (i32.const 0)))))
