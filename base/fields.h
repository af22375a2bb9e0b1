// How a struct becomes JSON and back: each document names its members once, in a static
// Fields(). The encoder and decoder that walk them live in documents.cpp and protocol.cpp.
#pragma once

#include <string_view>

namespace drover {

/// One member of a document: its JSON key and where it lives.
template <class Document, class Member>
struct Field {
  std::string_view name;
  Member Document::*member;
};

template <class Document, class Member>
Field(const char*, Member Document::*) -> Field<Document, Member>;

}  // namespace drover
