;; Gives the same id to every record.
(func $end (param $answer i32)
  (local $outcome i32) (local $left i32)
  (local.set $outcome (i32.load offset=8 (local.get $answer)))
  (local.set $left (i32.load offset=12 (local.get $answer)))
  (loop $next
    (if (local.get $left)
      (then
        (i64.store (i32.load offset=8 (local.get $outcome)) (i64.const 0x6161616161616161))
        (i64.store offset=8 (i32.load offset=8 (local.get $outcome)) (i64.const 0x6161616161616161))
        (local.set $outcome (i32.add (local.get $outcome) (i32.const 40)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next)))))
