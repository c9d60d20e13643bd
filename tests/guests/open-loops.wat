;; Never comes to an end of opening a session.
(func $open (loop $again (br $again)))
