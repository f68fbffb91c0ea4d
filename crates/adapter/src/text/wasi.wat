;; What programs of the KV ABI need of WASI preview 1: standard streams, arguments, environment, clocks, random numbers, the end. What is not
;; here says that it is not (52).

(global $SUCCESS i32 (i32.const 0))
(global $E_BADF i32 (i32.const 8))
(global $E_FAULT i32 (i32.const 21))
(global $E_INVAL i32 (i32.const 28))
(global $E_PIPE i32 (i32.const 64))
(global $E_SPIPE i32 (i32.const 70))

;; Whether a file descriptor is a standard stream: there are no others.
(func $is_stream (param $fd i32) (result i32)
  (i32.lt_u (local.get $fd) (i32.const 3)))

;; Whether an array of pairs of pointer and length is in memory.
(func $are_in_memory (param $vectors i32) (param $count i32) (result i32)
  (if (i32.gt_u (local.get $count) (i32.const 0x10000000)) (then (return (i32.const 0))))
  (call $is_in_memory (local.get $vectors) (i32.shl (local.get $count) (i32.const 3))))

;; A failure after something was written is not told: what was written is, and the next call fails.
(func $wasi_snapshot_preview1.fd_write
  (param $fd i32) (param $vectors i32) (param $count i32) (param $nwritten_out i32) (result i32)
  (local $at i32) (local $length i32) (local $written i32)
  (if (i32.gt_u (i32.sub (local.get $fd) (i32.const 1)) (i32.const 1)) (then (return (global.get $E_BADF))))
  (if (i32.eqz (call $are_in_memory (local.get $vectors) (local.get $count))) (then (return (global.get $E_FAULT))))
  (if (i32.eqz (call $is_in_memory (local.get $nwritten_out) (i32.const 4))) (then (return (global.get $E_FAULT))))
  (block $done
    (loop $next
      (br_if $done (i32.eqz (local.get $count)))
      (local.set $at (i32.load $guest (local.get $vectors)))
      (local.set $length (i32.load $guest offset=4 (local.get $vectors)))
      (if (local.get $length)
        (then
          (if (i32.eqz (call $is_in_memory (local.get $at) (local.get $length)))
            (then
              (br_if $done (local.get $written))
              (return (global.get $E_FAULT))))
          (if (i32.eqz (call $system.print (i32.sub (local.get $fd) (i32.const 1)) (local.get $at) (local.get $length)))
            (then
              (br_if $done (local.get $written))
              (return (global.get $E_PIPE))))
          (local.set $written (i32.add (local.get $written) (local.get $length)))))
      (local.set $vectors (i32.add (local.get $vectors) (i32.const 8)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next)))
  (i32.store $guest (local.get $nwritten_out) (local.get $written))
  (global.get $SUCCESS))

;; Fills the first buffer that is not empty, which is as much as a program may expect of one call.
(func $wasi_snapshot_preview1.fd_read
  (param $fd i32) (param $vectors i32) (param $count i32) (param $nread_out i32) (result i32)
  (local $at i32) (local $length i32)
  (if (local.get $fd) (then (return (global.get $E_BADF))))
  (if (i32.eqz (call $are_in_memory (local.get $vectors) (local.get $count))) (then (return (global.get $E_FAULT))))
  (if (i32.eqz (call $is_in_memory (local.get $nread_out) (i32.const 4))) (then (return (global.get $E_FAULT))))
  (block $found
    (loop $next
      (br_if $found (i32.eqz (local.get $count)))
      (local.set $at (i32.load $guest (local.get $vectors)))
      (local.set $length (i32.load $guest offset=4 (local.get $vectors)))
      (br_if $found (local.get $length))
      (local.set $vectors (i32.add (local.get $vectors) (i32.const 8)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next)))
  (if (local.get $length)
    (then
      (if (i32.eqz (call $is_in_memory (local.get $at) (local.get $length))) (then (return (global.get $E_FAULT))))
      (if (i32.gt_u (local.get $length) (i32.const 65536)) (then (local.set $length (i32.const 65536))))
      (call $forget_lists)
      (call $system.read-stdin (local.get $length) (global.get $RETURN))
      (local.set $length (call $copy_returned (local.get $at) (local.get $length)))))
  (i32.store $guest (local.get $nread_out) (local.get $length))
  (global.get $SUCCESS))

;; Copies the list that a call has returned to the program's memory, at most so many bytes of it, and says how many.
(func $copy_returned (param $at i32) (param $max i32) (result i32)
  (local $length i32)
  (local.set $length (i32.load $own offset=4 (global.get $RETURN)))
  (if (i32.gt_u (local.get $length) (local.get $max)) (then (local.set $length (local.get $max))))
  (memory.copy $guest $own (local.get $at) (i32.load $own (global.get $RETURN)) (local.get $length))
  (local.get $length))

;; A stream of a kind that is not known (0): it may be a terminal, or a file or a pipe, which programs do not color. With the right to read (bit 1) or to write (bit 6), and to be waited for (bit 27).
(func $wasi_snapshot_preview1.fd_fdstat_get (param $fd i32) (param $out i32) (result i32)
  (if (i32.eqz (call $is_stream (local.get $fd))) (then (return (global.get $E_BADF))))
  (if (i32.eqz (call $is_in_memory (local.get $out) (i32.const 24))) (then (return (global.get $E_FAULT))))
  (i64.store $guest (local.get $out) (i64.const 0))
  (i64.store $guest offset=8
    (local.get $out)
    (select (i64.const 0x8000040) (i64.const 0x8000002) (local.get $fd)))
  (i64.store $guest offset=16 (local.get $out) (i64.const 0))
  (global.get $SUCCESS))

(func $wasi_snapshot_preview1.fd_close (param $fd i32) (result i32)
  (select (global.get $SUCCESS) (global.get $E_BADF) (call $is_stream (local.get $fd))))

(func $wasi_snapshot_preview1.fd_seek (param $fd i32) (param i64 i32 i32) (result i32)
  (select (global.get $E_SPIPE) (global.get $E_BADF) (call $is_stream (local.get $fd))))

(func $wasi_snapshot_preview1.fd_tell (param $fd i32) (param i32) (result i32)
  (select (global.get $E_SPIPE) (global.get $E_BADF) (call $is_stream (local.get $fd))))

;; There are no folders.
(func $wasi_snapshot_preview1.fd_prestat_get (param i32 i32) (result i32)
  (global.get $E_BADF))

(func $wasi_snapshot_preview1.fd_prestat_dir_name (param i32 i32 i32) (result i32)
  (global.get $E_BADF))

(func $wasi_snapshot_preview1.args_sizes_get (param $count_out i32) (param $bytes_out i32) (result i32)
  (call $forget_lists)
  (call $system.arguments (global.get $RETURN))
  (call $store_sizes (local.get $count_out) (local.get $bytes_out)))

(func $wasi_snapshot_preview1.args_get (param $pointers i32) (param $buffer i32) (result i32)
  (call $forget_lists)
  (call $system.arguments (global.get $RETURN))
  (call $store_texts (local.get $pointers) (local.get $buffer)))

(func $wasi_snapshot_preview1.environ_sizes_get (param $count_out i32) (param $bytes_out i32) (result i32)
  (call $forget_lists)
  (call $system.environment (global.get $RETURN))
  (call $store_sizes (local.get $count_out) (local.get $bytes_out)))

(func $wasi_snapshot_preview1.environ_get (param $pointers i32) (param $buffer i32) (result i32)
  (call $forget_lists)
  (call $system.environment (global.get $RETURN))
  (call $store_texts (local.get $pointers) (local.get $buffer)))

;; Stores how many texts a call has returned, each with a zero byte behind it, and how long they are together.
(func $store_sizes (param $count_out i32) (param $bytes_out i32) (result i32)
  (local $at i32) (local $end i32) (local $count i32)
  (if
    (i32.eqz
      (i32.and
        (call $is_in_memory (local.get $count_out) (i32.const 4))
        (call $is_in_memory (local.get $bytes_out) (i32.const 4))))
    (then (return (global.get $E_FAULT))))
  (local.set $at (i32.load $own (global.get $RETURN)))
  (local.set $end (i32.add (local.get $at) (i32.load $own offset=4 (global.get $RETURN))))
  (block $done
    (loop $next
      (br_if $done (i32.eq (local.get $at) (local.get $end)))
      (local.set $count (i32.add (local.get $count) (i32.eqz (i32.load8_u $own (local.get $at)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next)))
  (i32.store $guest (local.get $count_out) (local.get $count))
  (i32.store $guest (local.get $bytes_out) (i32.load $own offset=4 (global.get $RETURN)))
  (global.get $SUCCESS))

;; Stores the texts that a call has returned, and where each of them begins.
(func $store_texts (param $pointers i32) (param $buffer i32) (result i32)
  (local $at i32) (local $length i32) (local $index i32) (local $is_begin i32)
  (local.set $at (i32.load $own (global.get $RETURN)))
  (local.set $length (i32.load $own offset=4 (global.get $RETURN)))
  (if (i32.eqz (local.get $length)) (then (return (global.get $SUCCESS))))
  (if (i32.eqz (call $is_in_memory (local.get $buffer) (local.get $length))) (then (return (global.get $E_FAULT))))
  (local.set $is_begin (i32.const 1))
  (loop $next
    (if (local.get $is_begin)
      (then
        (if (i32.eqz (call $is_in_memory (local.get $pointers) (i32.const 4))) (then (return (global.get $E_FAULT))))
        (i32.store $guest (local.get $pointers) (i32.add (local.get $buffer) (local.get $index)))
        (local.set $pointers (i32.add (local.get $pointers) (i32.const 4)))))
    (local.set $is_begin (i32.eqz (i32.load8_u $own (i32.add (local.get $at) (local.get $index)))))
    (local.set $index (i32.add (local.get $index) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $index) (local.get $length))))
  (memory.copy $guest $own (local.get $buffer) (local.get $at) (local.get $length))
  (global.get $SUCCESS))

;; Clocks: the time of day (0), and the one that never goes back (1). Those of processes and threads (2, 3) are known, and not there.
(func $clock_error (param $clock i32) (result i32)
  (select (global.get $E_BADF) (global.get $E_INVAL) (i32.lt_u (local.get $clock) (i32.const 4))))

(func $wasi_snapshot_preview1.clock_time_get (param $clock i32) (param i64) (param $out i32) (result i32)
  (if (i32.gt_u (local.get $clock) (i32.const 1)) (then (return (call $clock_error (local.get $clock)))))
  (if (i32.eqz (call $is_in_memory (local.get $out) (i32.const 8))) (then (return (global.get $E_FAULT))))
  (i64.store $guest (local.get $out) (call $system.now (local.get $clock)))
  (global.get $SUCCESS))

(func $wasi_snapshot_preview1.clock_res_get (param $clock i32) (param $out i32) (result i32)
  (if (i32.gt_u (local.get $clock) (i32.const 1)) (then (return (call $clock_error (local.get $clock)))))
  (if (i32.eqz (call $is_in_memory (local.get $out) (i32.const 8))) (then (return (global.get $E_FAULT))))
  (i64.store $guest (local.get $out) (i64.const 1))
  (global.get $SUCCESS))

(func $wasi_snapshot_preview1.random_get (param $at i32) (param $length i32) (result i32)
  (local $piece i32)
  (if (call $check_buffer (local.get $at) (local.get $length)) (then (return (global.get $E_FAULT))))
  (block $done
    (loop $next
      (br_if $done (i32.eqz (local.get $length)))
      (local.set $piece
        (select (local.get $length) (i32.const 65536) (i32.lt_u (local.get $length) (i32.const 65536))))
      (call $forget_lists)
      (call $system.random (local.get $piece) (global.get $RETURN))
      ;; None at all would be a host that breaks its word, and a loop without end.
      (if (i32.eqz (local.tee $piece (call $copy_returned (local.get $at) (local.get $piece)))) (then (unreachable)))
      (local.set $at (i32.add (local.get $at) (local.get $piece)))
      (local.set $length (i32.sub (local.get $length) (local.get $piece)))
      (br $next)))
  (global.get $SUCCESS))

(func $wasi_snapshot_preview1.sched_yield (result i32)
  (global.get $SUCCESS))

(func $wasi_snapshot_preview1.proc_exit (param $status i32)
  (call $system.exit (local.get $status))
  (unreachable))

;; How long a subscription still waits: nothing for a stream, which is taken to be ready.
(func $time_left (param $subscription i32) (result i64)
  (local $time i64) (local $now i64)
  (if (i32.load8_u $guest offset=8 (local.get $subscription)) (then (return (i64.const 0))))
  (if (i32.gt_u (i32.load $guest offset=16 (local.get $subscription)) (i32.const 1)) (then (return (i64.const 0))))
  (local.set $time (i64.load $guest offset=24 (local.get $subscription)))
  ;; Until a moment, not for a while.
  (if (i32.and (i32.load16_u $guest offset=40 (local.get $subscription)) (i32.const 1))
    (then
      (local.set $now (call $system.now (i32.load $guest offset=16 (local.get $subscription))))
      (if (i64.le_u (local.get $time) (local.get $now)) (then (return (i64.const 0))))
      (return (i64.sub (local.get $time) (local.get $now)))))
  (local.get $time))

;; A subscription has 48 bytes: user data, type (0 is a clock), and for a clock which one @16, the time @24, flags @40; for a stream its
;; file descriptor @16. An event has 32: user data, error @8, type @10.
(func $wasi_snapshot_preview1.poll_oneoff
  (param $subscriptions i32) (param $events i32) (param $count i32) (param $nevents_out i32) (result i32)
  (local $index i32) (local $at i32) (local $event i32) (local $left i64) (local $least i64)
  (if (i32.eqz (local.get $count)) (then (return (global.get $E_INVAL))))
  (if (i32.gt_u (local.get $count) (i32.const 0x1000000)) (then (return (global.get $E_INVAL))))
  (if
    (i32.eqz
      (i32.and
        (i32.and
          (call $is_in_memory (local.get $subscriptions) (i32.mul (local.get $count) (i32.const 48)))
          (call $is_in_memory (local.get $events) (i32.mul (local.get $count) (i32.const 32))))
        (call $is_in_memory (local.get $nevents_out) (i32.const 4))))
    (then (return (global.get $E_FAULT))))
  (local.set $least (i64.const -1))
  (local.set $at (local.get $subscriptions))
  (loop $next
    (local.set $left (call $time_left (local.get $at)))
    (if (i64.lt_u (local.get $left) (local.get $least)) (then (local.set $least (local.get $left))))
    (local.set $at (i32.add (local.get $at) (i32.const 48)))
    (local.set $index (i32.add (local.get $index) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $index) (local.get $count))))
  (local.set $event (local.get $events))
  (local.set $at (local.get $subscriptions))
  (local.set $index (i32.const 0))
  ;; Those that the wait ends for are told, and those of the same length with it.
  (loop $next
    (local.set $left (call $time_left (local.get $at)))
    (if (i64.le_u (local.get $left) (local.get $least))
      (then
        (call $store_event (local.get $at) (local.get $event))
        (local.set $event (i32.add (local.get $event) (i32.const 32)))))
    (local.set $at (i32.add (local.get $at) (i32.const 48)))
    (local.set $index (i32.add (local.get $index) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $index) (local.get $count))))
  (if (i64.ne (local.get $least) (i64.const 0)) (then (call $system.sleep (local.get $least))))
  (i32.store $guest
    (local.get $nevents_out)
    (i32.shr_u (i32.sub (local.get $event) (local.get $events)) (i32.const 5)))
  (global.get $SUCCESS))

(func $store_event (param $subscription i32) (param $event i32)
  (local $type i32) (local $error i32)
  (local.set $type (i32.load8_u $guest offset=8 (local.get $subscription)))
  (local.set $error
    (if (result i32) (local.get $type)
      (then
        (select
          (global.get $SUCCESS)
          (global.get $E_BADF)
          (call $is_stream (i32.load $guest offset=16 (local.get $subscription)))))
      (else
        (select
          (global.get $E_INVAL)
          (global.get $SUCCESS)
          (i32.gt_u (i32.load $guest offset=16 (local.get $subscription)) (i32.const 1))))))
  (i64.store $guest (local.get $event) (i64.load $guest (local.get $subscription)))
  (i64.store $guest offset=8
    (local.get $event)
    (i64.extend_i32_u (i32.or (local.get $error) (i32.shl (local.get $type) (i32.const 16)))))
  (i64.store $guest offset=16 (local.get $event) (i64.const 0))
  (i64.store $guest offset=24 (local.get $event) (i64.const 0)))
