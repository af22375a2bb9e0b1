/* The least a C program can cost: start, libc, exit. */
int main(void) { return 0; }
