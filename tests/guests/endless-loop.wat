;; Never comes to an end.
(func $record (param $record i32) (param i32)
  (if (call $is-marked (local.get $record)) (then (loop $again (br $again)))))
