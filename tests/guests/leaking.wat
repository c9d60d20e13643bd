;; Takes 4 MiB more each batch and never gives anything back.
(func $begin (drop (call $allocate (i32.const 4194304))))
(func $after)
