;; Makes two documents of a marked record of eleven bytes or more: `{}, {}` and blanks.
(func $record (param $record i32) (param $length i32)
  (if (call $is-marked (local.get $record))
    (then
      (memory.fill (local.get $record) (i32.const 32) (local.get $length))
      (i64.store (local.get $record) (i64.const 0x20207d7b2c207d7b)))))
