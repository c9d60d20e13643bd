;; Never comes to an end of being instantiated.
(func $start (loop $again (br $again)))
(start $start)
