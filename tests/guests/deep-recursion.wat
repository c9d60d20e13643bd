;; Calls itself.
(func $deeper (param $depth i32) (result i32)
  (i32.add (call $deeper (i32.add (local.get $depth) (i32.const 1))) (local.get $depth)))
(func $record (param $record i32) (param i32)
  (if (call $is-marked (local.get $record)) (then (drop (call $deeper (i32.const 0))))))
