;; Does not say what it is.
(component)
