;; Leaves the last outcome out.
(func $end (param $answer i32)
  (i32.store offset=12 (local.get $answer) (i32.sub (i32.load offset=12 (local.get $answer)) (i32.const 1))))
