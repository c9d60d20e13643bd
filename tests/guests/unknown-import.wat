;; Wants something that nobody knows.
(component
  (import "exotrace:mapping/clock@0.1.0" (instance
    (export "now" (func (result u64)))))
  (core module (@custom "exotrace:mapping" "mapping=9.9.9\nwit=0.1.0\n")))
