/** A release that ends as soon as it is started. */
process.stderr.write("this release crashes\n");
process.exit(1);
