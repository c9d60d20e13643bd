;; A mapping whose documents are its records. Hooks: $describe, $open, $begin, $record (where the record begins, and its
;; length), $end (where the answer lies: documents and their length, outcomes and their count) and $after.
(import "[export]exotrace:mapping/mapper@0.1.0" "[resource-new]session" (func $new-session (param i32) (result i32)))
(@custom "exotrace:mapping" "mapping=9.9.9\nwit=0.1.0\n")
(memory (export "memory") 2)
(data (i32.const 1024) "hostile9.9.98.11.0")
(global $heap (mut i32) (i32.const 65536))

(func $allocate (param $size i32) (result i32)
  (local $begin i32)
  (local.set $begin (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
  (global.set $heap (i32.add (local.get $begin) (local.get $size)))
  (if (i32.gt_u (global.get $heap) (i32.shl (memory.size) (i32.const 16)))
    (then
      (if (i32.eq (i32.const -1)
            (memory.grow (i32.sub
              (i32.add (i32.shr_u (global.get $heap) (i32.const 16)) (i32.const 1)) (memory.size))))
        (then (unreachable)))))
  (local.get $begin))

(func (export "cabi_realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
  (local $new i32)
  (local.set $new (call $allocate (local.get $size)))
  (memory.copy (local.get $new) (local.get $old) (local.get $old-size))
  (local.get $new))

(func $pair (param $at i32) (param $first i32) (param $second i32)
  (i32.store (local.get $at) (local.get $first))
  (i32.store offset=4 (local.get $at) (local.get $second)))

(func (export "exotrace:mapping/mapper@0.1.0#describe") (result i32)
  (call $pair (i32.const 2048) (i32.const 1024) (i32.const 7))
  (call $pair (i32.const 2056) (i32.const 1031) (i32.const 5))
  (call $pair (i32.const 2064) (i32.const 1036) (i32.const 6))
  (call $pair (i32.const 2072) (i32.const 0) (i32.const 0))
  (call $describe)
  (i32.const 2048))

(func (export "exotrace:mapping/mapper@0.1.0#[static]session.open")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (call $open)
  (call $pair (i32.const 2112) (i32.const 0) (call $new-session (i32.const 1)))
  (i32.const 2112))

;; An id for a record: sixteen digits of the FNV-1a hash of its bytes.
(func $identify (param $at i32) (param $length i32) (result i32)
  (local $hash i64) (local $end i32) (local $id i32) (local $to i32) (local $digit i32)
  (local.set $hash (i64.const 0xcbf29ce484222325))
  (local.set $end (i32.add (local.get $at) (local.get $length)))
  (loop $next
    (local.set $hash (i64.mul (i64.const 0x100000001b3)
      (i64.xor (local.get $hash) (i64.load8_u (local.get $at)))))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
  (local.set $id (call $allocate (i32.const 16)))
  (local.set $to (local.get $id))
  (loop $next
    (local.set $digit (i32.and (i32.wrap_i64 (local.get $hash)) (i32.const 15)))
    (local.set $hash (i64.shr_u (local.get $hash) (i64.const 4)))
    (i32.store8 (local.get $to) (i32.add (local.get $digit) (i32.const 97)))
    (local.set $to (i32.add (local.get $to) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $to) (i32.add (local.get $id) (i32.const 16)))))
  (local.get $id))

;; Whether the first name of a record is `x`.
(func $is-marked (param $record i32) (result i32)
  (i32.eq (i32.load8_u offset=2 (local.get $record)) (i32.const 120)))

(func (export "exotrace:mapping/mapper@0.1.0#[method]session.map-batch")
  (param $self i32) (param $records i32) (param $length i32) (param i32 i64 i32 i32 i32 i64) (result i32)
  (local $documents i32) (local $outcomes i32) (local $at i32) (local $end i32) (local $to i32) (local $begin i32)
  (local $count i32) (local $outcome i32) (local $line i32)
  (call $begin)
  (local.set $documents (call $allocate (i32.add (local.get $length) (i32.const 1))))
  ;; A record has two bytes at least, and an outcome forty.
  (local.set $outcomes (call $allocate (i32.mul (local.get $length) (i32.const 20))))
  (local.set $at (local.get $records))
  (local.set $begin (local.get $records))
  (local.set $end (i32.add (local.get $records) (local.get $length)))
  (local.set $to (local.get $documents))
  (local.set $outcome (local.get $outcomes))
  (block $done
    (loop $next
      (br_if $done (i32.ge_u (local.get $begin) (local.get $end)))
      (if (i32.and (i32.lt_u (local.get $at) (local.get $end))
                   (i32.ne (i32.load8_u (local.get $at)) (i32.const 10)))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next)))
      (local.set $line (i32.sub (local.get $at) (local.get $begin)))
      (if (local.get $line)
        (then
          (call $record (local.get $begin) (local.get $line))
          (memory.copy (local.get $to) (local.get $begin) (local.get $line))
          (local.set $to (i32.add (local.get $to) (local.get $line)))
          (i32.store8 (local.get $to) (i32.const 10))
          (local.set $to (i32.add (local.get $to) (i32.const 1)))
          (i32.store8 (local.get $outcome) (i32.const 0))
          (call $pair (i32.add (local.get $outcome) (i32.const 8))
            (call $identify (local.get $begin) (local.get $line)) (i32.const 16))
          (i64.store offset=16 (local.get $outcome) (i64.const 0))
          (i32.store offset=24 (local.get $outcome) (local.get $line))
          (local.set $outcome (i32.add (local.get $outcome) (i32.const 40)))
          (local.set $count (i32.add (local.get $count) (i32.const 1)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $begin (local.get $at))
      (br $next)))
  (call $pair (i32.const 2176) (local.get $documents) (i32.sub (local.get $to) (local.get $documents)))
  (call $pair (i32.const 2184) (local.get $outcomes) (local.get $count))
  (call $end (i32.const 2176))
  (i32.const 2176))

(func (export "cabi_post_exotrace:mapping/mapper@0.1.0#[method]session.map-batch") (param i32)
  (call $after))

