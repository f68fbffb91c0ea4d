;; What the adapter calls: functions of WIT, lowered. They read and write the adapter's memory, but for those marked " in guest": these
;; take bytes from the program's memory and put them there, so nothing is copied.
(import "edgekv:kv/bodies@0.1.0" "new-body" (func $bodies.new-body (param $return i32)))
(import "edgekv:kv/bodies@0.1.0 in guest" "[method]body.read" (func $body.read (param $body i32) (param $max i32) (param $return i32)))
(import "edgekv:kv/bodies@0.1.0 in guest" "[method]body.write"
  (func $body.write (param $body i32) (param $bytes i32) (param $length i32) (param $to i32) (param $return i32)))
(import "edgekv:kv/bodies@0.1.0" "[method]body.append" (func $body.append (param $body i32) (param $other i32) (param $return i32)))
(import "edgekv:kv/bodies@0.1.0" "[method]body.known-length" (func $body.known-length (param $body i32) (param $return i32)))
(import "edgekv:kv/bodies@0.1.0 in guest" "[method]body.append-trailer"
  (func $body.append-trailer
    (param $body i32) (param $name i32) (param $name_length i32) (param $value i32) (param $value_length i32) (param $return i32)))
(import "edgekv:kv/bodies@0.1.0" "[method]body.trailers" (func $body.trailers (param $body i32) (param $return i32)))
(import "edgekv:kv/bodies@0.1.0" "[method]body.subscribe" (func $body.subscribe (param $body i32) (param $return i32)))
(import "edgekv:kv/bodies@0.1.0" "[resource-drop]body" (func $body.drop (param $body i32)))

(import "edgekv:kv/kv-store@0.1.0" "open" (func $kv-store.open (param $name i32) (param $length i32) (param $return i32)))
(import "edgekv:kv/kv-store@0.1.0" "[method]store.get"
  (func $store.get (param $store i32) (param $key i32) (param $length i32) (param $return i32)))
(import "edgekv:kv/kv-store@0.1.0" "[method]store.lookup-async"
  (func $store.lookup-async (param $store i32) (param $key i32) (param $length i32) (param $return i32)))
(import "edgekv:kv/kv-store@0.1.0" "[method]store.delete-async"
  (func $store.delete-async (param $store i32) (param $key i32) (param $length i32) (param $return i32)))
(import "edgekv:kv/kv-store@0.1.0" "[method]store.build-insert" (func $store.build-insert (param $store i32) (result i32)))
(import "edgekv:kv/kv-store@0.1.0" "[method]store.build-delete" (func $store.build-delete (param $store i32) (result i32)))
(import "edgekv:kv/kv-store@0.1.0" "[method]store.build-list" (func $store.build-list (param $store i32) (result i32)))

(import "edgekv:kv/kv-store@0.1.0" "[method]insert-builder.mode" (func $insert-builder.mode (param $builder i32) (param $mode i32)))
(import "edgekv:kv/kv-store@0.1.0" "[method]insert-builder.background-fetch"
  (func $insert-builder.background-fetch (param $builder i32)))
(import "edgekv:kv/kv-store@0.1.0" "[method]insert-builder.if-generation-match"
  (func $insert-builder.if-generation-match (param $builder i32) (param $generation i64)))
(import "edgekv:kv/kv-store@0.1.0 in guest" "[method]insert-builder.metadata"
  (func $insert-builder.metadata (param $builder i32) (param $data i32) (param $length i32)))
(import "edgekv:kv/kv-store@0.1.0" "[method]insert-builder.time-to-live"
  (func $insert-builder.time-to-live (param $builder i32) (param $milliseconds i64)))
(import "edgekv:kv/kv-store@0.1.0" "[method]insert-builder.execute-body-async"
  (func $insert-builder.execute-body-async
    (param $builder i32) (param $key i32) (param $length i32) (param $body i32) (param $return i32)))
(import "edgekv:kv/kv-store@0.1.0" "[resource-drop]insert-builder" (func $insert-builder.drop (param $builder i32)))

(import "edgekv:kv/kv-store@0.1.0" "[method]delete-builder.if-generation-match"
  (func $delete-builder.if-generation-match (param $builder i32) (param $generation i64)))
(import "edgekv:kv/kv-store@0.1.0" "[method]delete-builder.execute-async"
  (func $delete-builder.execute-async (param $builder i32) (param $key i32) (param $length i32) (param $return i32)))
(import "edgekv:kv/kv-store@0.1.0" "[resource-drop]delete-builder" (func $delete-builder.drop (param $builder i32)))

(import "edgekv:kv/kv-store@0.1.0 in guest" "[method]list-builder.prefix"
  (func $list-builder.prefix (param $builder i32) (param $prefix i32) (param $length i32)))
(import "edgekv:kv/kv-store@0.1.0 in guest" "[method]list-builder.cursor"
  (func $list-builder.cursor (param $builder i32) (param $cursor i32) (param $length i32)))
(import "edgekv:kv/kv-store@0.1.0" "[method]list-builder.limit" (func $list-builder.limit (param $builder i32) (param $limit i32)))
(import "edgekv:kv/kv-store@0.1.0" "[method]list-builder.mode" (func $list-builder.mode (param $builder i32) (param $mode i32)))
(import "edgekv:kv/kv-store@0.1.0" "[method]list-builder.execute-async"
  (func $list-builder.execute-async (param $builder i32) (param $return i32)))
(import "edgekv:kv/kv-store@0.1.0" "[resource-drop]list-builder" (func $list-builder.drop (param $builder i32)))

(import "edgekv:kv/kv-store@0.1.0" "[static]pending-lookup.wait" (func $pending-lookup.wait (param $this i32) (param $return i32)))
(import "edgekv:kv/kv-store@0.1.0" "[static]pending-insert.wait" (func $pending-insert.wait (param $this i32) (param $return i32)))
(import "edgekv:kv/kv-store@0.1.0" "[static]pending-delete.wait" (func $pending-delete.wait (param $this i32) (param $return i32)))
(import "edgekv:kv/kv-store@0.1.0" "[static]pending-list.wait-document"
  (func $pending-list.wait-document (param $this i32) (param $return i32)))
(import "edgekv:kv/kv-store@0.1.0" "[method]pending-lookup.subscribe"
  (func $pending-lookup.subscribe (param $pending i32) (param $return i32)))
(import "edgekv:kv/kv-store@0.1.0" "[method]pending-insert.subscribe"
  (func $pending-insert.subscribe (param $pending i32) (param $return i32)))
(import "edgekv:kv/kv-store@0.1.0" "[method]pending-delete.subscribe"
  (func $pending-delete.subscribe (param $pending i32) (param $return i32)))
(import "edgekv:kv/kv-store@0.1.0" "[method]pending-list.subscribe"
  (func $pending-list.subscribe (param $pending i32) (param $return i32)))

(import "edgekv:platform/log@0.1.0" "get" (func $log.get (param $name i32) (param $length i32) (param $return i32)))
(import "edgekv:platform/log@0.1.0 in guest" "[method]endpoint.write"
  (func $endpoint.write (param $endpoint i32) (param $message i32) (param $length i32)))
(import "edgekv:platform/runtime@0.1.0" "vcpu-ms" (func $runtime.vcpu-ms (result i64)))

(import "wasi:io/poll@0.2.12" "poll" (func $poll.poll (param $pollables i32) (param $length i32) (param $return i32)))
(import "wasi:io/poll@0.2.12" "[resource-drop]pollable" (func $pollable.drop (param $pollable i32)))
(import "wasi:clocks/monotonic-clock@0.2.12" "subscribe-duration"
  (func $monotonic-clock.subscribe-duration (param $nanoseconds i64) (result i32)))

(import "edgekv:platform/system@0.1.0 in guest" "print"
  (func $system.print (param $to i32) (param $bytes i32) (param $length i32) (result i32)))
(import "edgekv:platform/system@0.1.0" "read-stdin" (func $system.read-stdin (param $max i32) (param $return i32)))
(import "edgekv:platform/system@0.1.0" "arguments" (func $system.arguments (param $return i32)))
(import "edgekv:platform/system@0.1.0" "environment" (func $system.environment (param $return i32)))
(import "edgekv:platform/system@0.1.0" "now" (func $system.now (param $clock i32) (result i64)))
(import "edgekv:platform/system@0.1.0" "sleep" (func $system.sleep (param $nanoseconds i64)))
(import "edgekv:platform/system@0.1.0" "random" (func $system.random (param $bytes i32) (param $return i32)))
(import "edgekv:platform/system@0.1.0" "exit" (func $system.exit (param $status i32)))
