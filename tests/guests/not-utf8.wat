;; Puts a byte into a document that is not text.
(func $record (param $record i32) (param i32)
  (if (call $is-marked (local.get $record)) (then (i32.store8 offset=2 (local.get $record) (i32.const 255)))))
