// Asio itself, compiled once for the whole program.
#include <asio/impl/src.hpp>
