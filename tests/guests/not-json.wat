;; Makes a document that is not JSON.
(func $record (param $record i32) (param i32)
  (if (call $is-marked (local.get $record)) (then (i32.store8 offset=1 (local.get $record) (i32.const 91)))))
