// The JSON library under drover's names, and the walk between structs with Fields() and JSON.
// Include it in sources only: it is expensive to compile.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace drover {

using Json = nlohmann::ordered_json;

/// One line of JSON; bytes that are not UTF-8 become U+FFFD instead of an exception.
[[nodiscard]] std::string DumpJson(const Json& value);

/// Parses JSON nested at most `depth` deep. Throws kInvalid ("protocol.json"), naming the byte.
[[nodiscard]] Json ParseJson(std::string_view text, int depth);

namespace json_internal {
template <class T>
concept HasFields = requires {
  T::Fields([](std::string_view, auto) {});
};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
}  // namespace json_internal

template <class T>
[[nodiscard]] Json ToJson(const T& value) {
  if constexpr (json_internal::HasFields<T>) {
    Json object = Json::object();
    T::Fields([&](std::string_view name, auto member) {
      object.emplace(std::string(name), ToJson(value.*member));
    });
    return object;
  } else if constexpr (json_internal::IsOptional<T>::value) {
    return value ? ToJson(*value) : Json(nullptr);
  } else if constexpr (json_internal::IsVector<T>::value) {
    Json array = Json::array();
    for (const auto& element : value) array.push_back(ToJson(element));
    return array;
  } else {
    return Json(value);
  }
}

/// Fills `value` from `json`; throws nlohmann's type_error, which the callers here translate.
template <class T>
void FromJson(const Json& json, T& value) {
  if constexpr (json_internal::HasFields<T>) {
    if (!json.is_object()) throw Json::type_error::create(302, "an object is expected", &json);
    T::Fields([&](std::string_view name, auto member) {
      if (const auto found = json.find(name); found != json.end()) {
        FromJson(*found, value.*member);
      }
    });
  } else if constexpr (json_internal::IsOptional<T>::value) {
    if (json.is_null()) {
      value.reset();
    } else {
      FromJson(json, value.emplace());
    }
  } else if constexpr (json_internal::IsVector<T>::value) {
    if (!json.is_array()) throw Json::type_error::create(302, "an array is expected", &json);
    value.clear();
    for (const Json& element : json) FromJson(element, value.emplace_back());
  } else {
    json.get_to(value);
  }
}

}  // namespace drover
