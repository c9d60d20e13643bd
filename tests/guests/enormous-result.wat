;; Hands over all the memory that it can get.
(func $record (param $record i32) (param i32)
  (if (call $is-marked (local.get $record)) (then (global.set $is-enormous (i32.const 1)))))
(global $is-enormous (mut i32) (i32.const 0))
(func $end (param $answer i32)
  (if (global.get $is-enormous)
    (then
      (global.set $is-enormous (i32.const 0))
      (call $pair (local.get $answer) (call $allocate (i32.const 2097152)) (i32.const 2097152)))))
