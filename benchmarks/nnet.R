# Fits by nnet for peers.py: Rscript nnet.R FOLDER N_HIDDEN N_OUTPUTS MAX_ITER
library(nnet)
arguments <- commandArgs(TRUE)
folder <- arguments[1]
h <- as.integer(arguments[2])
K <- as.integer(arguments[3])
max_iter <- as.integer(arguments[4])
read <- function(name) as.matrix(read.table(file.path(folder, name)))
X <- read("X")
Y <- read("Y")
starts <- read("starts")
decay <- as.numeric(read("decay"))
found <- NULL
for (k in seq_len(nrow(starts))) {
  fit <- function() {
    nnet.default(X, Y, size = h, decay = decay, Wts = starts[k, ], entropy = K == 1,
                 softmax = K > 1, maxit = max_iter, MaxNWts = 1e6, trace = FALSE)
  }
  begin <- Sys.time()
  model <- fit()
  once <- as.numeric(Sys.time() - begin, units = "secs")
  # The clock is coarse: a short fit is repeated, up to 20 times or half a second.
  times <- min(20, floor(0.5 / once))
  begin <- Sys.time()
  for (repetition in seq_len(times)) model <- fit()
  again <- as.numeric(Sys.time() - begin, units = "secs")
  seconds <- (once + again) / (1 + times)
  found <- rbind(found, c(seconds, model$wts))
}
write.table(found, file.path(folder, "found"), row.names = FALSE, col.names = FALSE)
