;; Says that the documents lie where there is no memory.
(func $end (param $answer i32)
  (i32.store (local.get $answer) (i32.const -65536)))
