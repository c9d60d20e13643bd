;; Wants the environment.
(component
  (import "wasi:cli/environment@0.2.0" (instance
    (export "get-arguments" (func (result (list string))))))
  (core module (@custom "exotrace:mapping" "mapping=9.9.9\nwit=0.1.0\n")))
