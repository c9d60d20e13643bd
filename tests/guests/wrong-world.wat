;; Has the section of a mapping, and nothing else of it.
(component
  (core module (@custom "exotrace:mapping" "mapping=9.9.9\nwit=0.1.0\n")))
