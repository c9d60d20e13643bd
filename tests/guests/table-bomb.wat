;; Takes room in a table until there is none.
(table $table 1 funcref)
(func $record (param $record i32) (param i32)
  (if (call $is-marked (local.get $record))
    (then
      (loop $again (br_if $again (i32.ne (i32.const -1) (table.grow $table (ref.null func) (i32.const 10000)))))
      (unreachable))))
