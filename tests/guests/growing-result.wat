;; Pads its last document with 256 KiB more each batch.
(global $padding (mut i32) (i32.const 0))
(func $end (param $answer i32)
  (local $documents i32) (local $length i32) (local $outcome i32)
  (local.set $length (i32.sub (i32.load offset=4 (local.get $answer)) (i32.const 2)))
  (local.set $documents
    (call $allocate (i32.add (i32.add (local.get $length) (global.get $padding)) (i32.const 2))))
  (memory.copy (local.get $documents) (i32.load (local.get $answer)) (local.get $length))
  (memory.fill (i32.add (local.get $documents) (local.get $length)) (i32.const 32) (global.get $padding))
  (local.set $length (i32.add (local.get $length) (global.get $padding)))
  (i32.store16 (i32.add (local.get $documents) (local.get $length)) (i32.const 0x0a7d))
  (call $pair (local.get $answer) (local.get $documents) (i32.add (local.get $length) (i32.const 2)))
  (local.set $outcome
    (i32.add (i32.load offset=8 (local.get $answer))
      (i32.mul (i32.const 40) (i32.sub (i32.load offset=12 (local.get $answer)) (i32.const 1)))))
  (i32.store offset=24 (local.get $outcome)
    (i32.add (i32.load offset=24 (local.get $outcome)) (global.get $padding)))
  (global.set $padding (i32.add (global.get $padding) (i32.const 262144))))
