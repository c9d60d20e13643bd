;; Asks for 20,000 addresses at once at a marked record.
(import "exotrace:mapping/geo@0.1.0" "lookup" (func $lookup (param i32 i32 i32)))
(data (i32.const 3000) "1.2.3.4")
(func $record (param $record i32) (param i32)
  (local $list i32) (local $at i32)
  (if (call $is-marked (local.get $record))
    (then
      (local.set $list (call $allocate (i32.const 160000)))
      (loop $next
        (call $pair (i32.add (local.get $list) (local.get $at)) (i32.const 3000) (i32.const 7))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $next (i32.lt_u (local.get $at) (i32.const 160000))))
      (call $lookup (local.get $list) (i32.const 20000) (i32.const 2300)))))
