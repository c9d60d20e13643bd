;; Was made for another contract.
(component
  (core module (@custom "exotrace:mapping" "mapping=9.9.9\nwit=7.0.0\n")))
