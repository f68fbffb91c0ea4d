;; As `app.wat`, for `wasi:http`: the last character of the URL chooses what it does.
(module $app
  (import "wasi:http/types@0.2.12" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.12" "[method]fields.append" (func $append (param i32 i32 i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.12" "[method]incoming-request.path-with-query" (func $path (param i32 i32)))
  (import "wasi:http/types@0.2.12" "[method]incoming-request.consume" (func $consume (param i32 i32)))
  (import "wasi:http/types@0.2.12" "[method]incoming-body.stream" (func $stream (param i32 i32)))
  (import "wasi:io/streams@0.2.12" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "wasi:http/types@0.2.12" "[static]response-outparam.set"
    (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.12" "[constructor]outgoing-response" (func $response (param i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-response.set-status-code"
    (func $status (param i32 i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-response.body" (func $body (param i32 i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-body.write" (func $writer (param i32 i32)))
  (import "wasi:http/types@0.2.12" "[static]outgoing-body.finish" (func $finish (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.12" "[resource-drop]outgoing-body" (func $drop_body (param i32)))
  (import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.12" "[resource-drop]output-stream" (func $drop_writer (param i32)))
  (import "wasi:http/types@0.2.12" "[resource-drop]fields" (func $drop_fields (param i32)))
  (import "wasi:http/types@0.2.12" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-request.set-method"
    (func $method (param i32 i32 i32 i32) (result i32)))
  (import "wasi:cli/exit@0.2.12" "exit" (func $exit (param i32)))
  (memory (export "memory") 8)
  (data (i32.const 1024) "hello\ntrailerx-endcontent-length6it broke")

  ;; What the host gives is at the same place each time: it is used at once.
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (if (i32.gt_u (local.get 3) (i32.const 65536)) (then unreachable))
    (i32.const 65536))
  (func $check (param i32) (if (local.get 0) (then unreachable)))

  (global $headers (mut i32) (i32.const 0))
  (global $code (mut i32) (i32.const 200))
  (global $out (mut i32) (i32.const 0))
  (global $the_body (mut i32) (i32.const 0))
  (global $the_writer (mut i32) (i32.const 0))

  ;; Sends a response, and leaves its body open.
  (func $begin (local $r i32)
    (local.set $r (call $response (global.get $headers)))
    (call $check (call $status (local.get $r) (global.get $code)))
    (call $body (local.get $r) (i32.const 0))
    (call $check (i32.load8_u (i32.const 0)))
    (global.set $the_body (i32.load (i32.const 4)))
    (call $writer (global.get $the_body) (i32.const 0))
    (call $check (i32.load8_u (i32.const 0)))
    (global.set $the_writer (i32.load (i32.const 4)))
    (call $set (global.get $out) (i32.const 0) (local.get $r)
      (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
  (func $say (param $at i32) (param $length i32)
    (call $write (global.get $the_writer) (local.get $at) (local.get $length) (i32.const 0))
    (call $check (i32.load8_u (i32.const 0))))
  (func $end (param $has_trailers i32) (param $trailers i32)
    (call $drop_writer (global.get $the_writer))
    (call $finish (global.get $the_body) (local.get $has_trailers) (local.get $trailers) (i32.const 0))
    (call $check (i32.load8_u (i32.const 0))))
  (func $hello (call $begin) (call $say (i32.const 1024) (i32.const 6)) (call $end (i32.const 0) (i32.const 0)))
  (func $header (param $to i32) (param $name i32) (param $length i32) (param $value i32) (param $value_length i32)
    (call $append (local.get $to) (local.get $name) (local.get $length) (local.get $value) (local.get $value_length)
      (i32.const 0))
    (call $check (i32.load8_u (i32.const 0))))
  (func $claim (call $header (global.get $headers) (i32.const 1042) (i32.const 14) (i32.const 1056) (i32.const 1)))

  (func $handle (export "wasi:http/incoming-handler@0.2.12#handle") (param $request i32) (param $response i32)
    (local $what i32) (local $n i32)
    (global.set $out (local.get $response))
    (global.set $headers (call $fields))
    (call $path (local.get $request) (i32.const 0))
    (local.set $what (i32.load8_u (i32.sub (i32.add (i32.load (i32.const 4)) (i32.load (i32.const 8))) (i32.const 1))))

    (if (i32.eq (local.get $what) (i32.const 0x68 (; h ;))) (then (call $hello) (return)))
    ;; t: traps without an answer
    (if (i32.eq (local.get $what) (i32.const 0x74 (; t ;))) (then unreachable))
    ;; n: no answer
    (if (i32.eq (local.get $what) (i32.const 0x6e (; n ;))) (then (return)))
    ;; x: ends by itself without an answer, and says that all is well
    (if (i32.eq (local.get $what) (i32.const 0x78 (; x ;))) (then (call $exit (i32.const 0)) (return)))
    ;; L: leaves the body of a response that it never sends
    (if (i32.eq (local.get $what) (i32.const 0x4c (; L ;))) (then
      (call $body (call $response (call $fields)) (i32.const 0))
      (call $check (i32.load8_u (i32.const 0)))
      (call $hello) (return)))
    ;; m: a method that is longer than any may be, after one that is not
    (if (i32.eq (local.get $what) (i32.const 0x6d (; m ;))) (then
      (local.set $n (call $request (call $fields)))
      (memory.fill (i32.const 131072) (i32.const 0x41) (i32.const 100000))
      (call $check (call $method (local.get $n) (i32.const 9) (i32.const 131072) (i32.const 100)))
      (call $check (i32.eqz (call $method (local.get $n) (i32.const 9) (i32.const 131072) (i32.const 100000))))
      (call $hello) (return)))
    ;; k: headers that it drops, as many as there are; K: that it keeps; B: responses with their bodies
    (if (i32.eq (local.get $what) (i32.const 0x6b (; k ;))) (then
      (loop
        (call $drop_fields (call $fields))
        (br_if 0 (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 5000))))
      (call $hello) (return)))
    (if (i32.eq (local.get $what) (i32.const 0x4b (; K ;))) (then
      (loop
        (drop (call $fields))
        (br_if 0 (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))
      (call $hello) (return)))
    (if (i32.eq (local.get $what) (i32.const 0x42 (; B ;))) (then
      (loop
        (call $body (call $response (call $fields)) (i32.const 0))
        (call $check (i32.load8_u (i32.const 0)))
        (br_if 0 (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 500))))
      (call $hello) (return)))
    ;; e: connection-refused; i: internal-error with a text
    (if (i32.eq (local.get $what) (i32.const 0x65 (; e ;))) (then
      (call $set (local.get $response) (i32.const 1) (i32.const 6)
        (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
      (return)))
    (if (i32.eq (local.get $what) (i32.const 0x69 (; i ;))) (then
      (call $set (local.get $response) (i32.const 1) (i32.const 38)
        (i32.const 1) (i64.const 1057) (i32.const 8) (i32.const 0) (i32.const 0) (i32.const 0))
      (return)))
    ;; 1: status 103, which ends nothing
    (if (i32.eq (local.get $what) (i32.const 0x31 (; 1 ;))) (then
      (global.set $code (i32.const 103)) (call $hello) (return)))
    ;; 4: status 204, and a body that nobody gets
    (if (i32.eq (local.get $what) (i32.const 0x34 (; 4 ;))) (then
      (global.set $code (i32.const 204)) (call $hello) (return)))
    ;; s: traps in the middle of its body; d: drops the body unfinished; f: returns and has forgotten it
    (if (i32.eq (local.get $what) (i32.const 0x73 (; s ;))) (then
      (call $begin) (call $say (i32.const 1024) (i32.const 6)) unreachable))
    (if (i32.eq (local.get $what) (i32.const 0x64 (; d ;))) (then
      (call $begin) (call $say (i32.const 1024) (i32.const 6))
      (call $drop_writer (global.get $the_writer)) (call $drop_body (global.get $the_body)) (return)))
    (if (i32.eq (local.get $what) (i32.const 0x66 (; f ;))) (then
      (call $begin) (call $say (i32.const 1024) (i32.const 6)) (return)))
    ;; a: traps after its answer
    (if (i32.eq (local.get $what) (i32.const 0x61 (; a ;))) (then (call $hello) unreachable))
    ;; c: says how long the body is; C: says so, and writes less
    (if (i32.eq (local.get $what) (i32.const 0x63 (; c ;))) (then (call $claim) (call $hello) (return)))
    (if (i32.eq (local.get $what) (i32.const 0x43 (; C ;))) (then
      (call $claim) (call $begin) (call $say (i32.const 1024) (i32.const 5))
      (call $drop_writer (global.get $the_writer)) (call $drop_body (global.get $the_body)) (return)))
    ;; r: a trailer, which was announced
    (if (i32.eq (local.get $what) (i32.const 0x72 (; r ;))) (then
      (call $header (global.get $headers) (i32.const 1030) (i32.const 7) (i32.const 1037) (i32.const 5))
      (call $begin) (call $say (i32.const 1024) (i32.const 6))
      (local.set $n (call $fields))
      (call $header (local.get $n) (i32.const 1037) (i32.const 5) (i32.const 1030) (i32.const 7))
      (call $end (i32.const 1) (local.get $n)) (return)))
    ;; l: loops for ever
    (if (i32.eq (local.get $what) (i32.const 0x6c (; l ;))) (then (loop (br 0))))
    ;; g: wants more memory than there is
    (if (i32.eq (local.get $what) (i32.const 0x67 (; g ;))) (then
      (loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable))
    ;; w: a body of 4 MB; W: one without end
    (if (i32.or (i32.eq (local.get $what) (i32.const 0x77 (; w ;))) (i32.eq (local.get $what) (i32.const 0x57 (; W ;)))) (then
      (call $begin)
      (loop
        (call $say (i32.const 131072) (i32.const 4000))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if 0 (i32.or (i32.eq (local.get $what) (i32.const 0x57)) (i32.lt_u (local.get $n) (i32.const 1000)))))
      (call $end (i32.const 0) (i32.const 0)) (return)))
    ;; b: gives back the body of the request, as it comes; one that breaks off is a trap
    (if (i32.eq (local.get $what) (i32.const 0x62 (; b ;))) (then
      (call $begin)
      (call $consume (local.get $request) (i32.const 0))
      (call $check (i32.load8_u (i32.const 0)))
      (call $stream (i32.load (i32.const 4)) (i32.const 0))
      (call $check (i32.load8_u (i32.const 0)))
      (local.set $n (i32.load (i32.const 4)))
      (loop $more
        (call $read (local.get $n) (i64.const 4000) (i32.const 0))
        (if (i32.eqz (i32.load8_u (i32.const 0))) (then
          (call $say (i32.load (i32.const 4)) (i32.load (i32.const 8)))
          (br $more))))
      ;; 1 is the end; 0 an error
      (call $check (i32.ne (i32.load8_u (i32.const 4)) (i32.const 1)))
      (call $end (i32.const 0) (i32.const 0)) (return)))
    unreachable))
