;; Takes memory until there is none.
(func $record (param $record i32) (param i32)
  (if (call $is-marked (local.get $record))
    (then (loop $again (br_if $again (i32.ne (i32.const -1) (memory.grow (i32.const 16))))) (unreachable))))
