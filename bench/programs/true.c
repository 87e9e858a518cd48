// Ends with 0: /bin/true of the QEMU peer's guest.
int main(void) { return 0; }
