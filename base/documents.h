// The JSON documents of drover's protocol and of `--json`: plain structs, in a header for each
// subject (status_documents.h, plan_documents.h, …), and here how they become text. Key names are a
// stable contract (docs/json.md): keys are added, never renamed. std::nullopt is written as null.
//
// Each document names its members once: Fields(field) calls `field` with each key and member. The
// encoder and decoder (base/json.h) are such callables; a template costs nothing where it is not
// called.
#pragma once

#include <string>
#include <string_view>

namespace drover {

/// `document` as one line of JSON. Defined for the documents that base/documents.cpp lists; invalid
/// UTF-8 (a file name may hold any byte) is replaced by U+FFFD.
template <class Document>
[[nodiscard]] std::string EncodeDocument(const Document& document);

/// The inverse; keys that this version does not know are ignored, missing ones keep their default.
/// Throws kInvalid ("protocol.document") when the text is not JSON or a value has the wrong type.
template <class Document>
[[nodiscard]] Document DecodeDocument(std::string_view json);

}  // namespace drover
