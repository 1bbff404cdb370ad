# Real tables for tables.py, from packages of R: Rscript tables.R FOLDER
#
# Debian has the packages as r-cran-mlbench, r-cran-kernlab, r-cran-mass, r-cran-modeldata and
# r-cran-dslabs; tables of a package that is not installed are left out. Each table becomes
# FOLDER/NAME.csv, whose column `target` holds the class. Ordered factors become their ranks and
# logical columns 0 and 1; other factors stay words, also those whose levels are written as numbers.
folder <- commandArgs(TRUE)[1]
most_rows <- 6000

load_table <- function(package, item) {
  found <- new.env()
  data(list = item, package = package, envir = found)
  found[[item]]
}

plain <- function(column) {
  if (is.logical(column) || is.ordered(column)) return(as.integer(column))
  if (is.factor(column) && nlevels(column) > 2 &&
      !anyNA(suppressWarnings(as.numeric(levels(column))))) {
    return(ifelse(is.na(column), NA, paste("level", column)))
  }
  column
}

numbers <- function(frame) {
  frame[] <- lapply(frame, function(column) as.numeric(as.character(column)))
  frame
}

# `target` and `drop` are names of columns; `change` edits the table first.
write_table <- function(name, package, item, target, drop = NULL, change = identity) {
  if (!requireNamespace(package, quietly = TRUE)) {
    message("without ", name, ": the package ", package, " is not installed")
    return(invisible())
  }
  frame <- as.data.frame(change(load_table(package, item)))
  if (nrow(frame) > most_rows) {
    set.seed(0)
    frame <- frame[sort(sample(nrow(frame), most_rows)), ]
  }
  labels <- as.character(frame[[target]])
  frame <- frame[, !(names(frame) %in% c(target, drop)), drop = FALSE]
  frame[] <- lapply(frame, plain)
  frame$target <- labels
  write.csv(frame, file.path(folder, paste0(name, ".csv")), row.names = FALSE, na = "")
}

write_table("breast_cancer", "mlbench", "BreastCancer", "Class", "Id",
            # Ten grades each, of which the package calls some nominal.
            function(d) cbind(numbers(d[, names(d) != "Class"]), Class = d$Class))
write_table("dna", "mlbench", "DNA", "Class")
write_table("glass", "mlbench", "Glass", "Type")
write_table("house_votes", "mlbench", "HouseVotes84", "Class")
write_table("ionosphere", "mlbench", "Ionosphere", "Class")
write_table("letters", "mlbench", "LetterRecognition", "lettr")
write_table("pima", "mlbench", "PimaIndiansDiabetes", "diabetes")
write_table("satellite", "mlbench", "Satellite", "classes")
write_table("sonar", "mlbench", "Sonar", "Class")
write_table("soybean", "mlbench", "Soybean", "Class")
write_table("vehicle", "mlbench", "Vehicle", "Class")
write_table("vowel", "mlbench", "Vowel", "Class", "V1")  # V1 is the speaker

write_table("income", "kernlab", "income", "INCOME")
write_table("musk", "kernlab", "musk", "Class")
write_table("promoters", "kernlab", "promotergene", "Class")
write_table("spam", "kernlab", "spam", "type")

write_table("birth_weight", "MASS", "birthwt", "low", "bwt",  # low is bwt < 2.5 kg
            function(d) transform(d, race = factor(race)))
write_table("crabs", "MASS", "crabs", "kind", c("sp", "sex", "index"),
            function(d) transform(d, kind = paste(sp, sex)))

write_table("alzheimer", "modeldata", "ad_data", "Class")
write_table("attrition", "modeldata", "attrition", "Attrition")
write_table("cells", "modeldata", "cells", "class", "case")
write_table("churn", "modeldata", "mlc_churn", "churn")
write_table("credit", "modeldata", "credit_data", "Status")
write_table("hpc", "modeldata", "hpc_data", "class")
write_table("loans", "modeldata", "lending_club", "Class")
write_table("penguins", "modeldata", "penguins", "species")
write_table("stack_overflow", "modeldata", "stackoverflow", "Remote")
write_table("telephone", "modeldata", "wa_churn", "churn")

write_table("heights", "dslabs", "heights", "sex")
write_table("mnist27", "dslabs", "mnist_27", "y",
            change = function(d) rbind(d$train, d$test))
write_table("olive", "dslabs", "olive", "area", "region")
