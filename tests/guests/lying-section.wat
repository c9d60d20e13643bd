;; Says another version than its section.
(func $describe (i32.store8 (i32.const 1035) (i32.const 56)))
