// The JSON library under drover's names, and the walk between structs with Fields() and JSON.
// Include it in sources only: it is expensive to compile.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
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

/// The whole number that `json` is. Throws type_error for anything else, a number with a fraction
/// or out of range included: to convert that would be undefined.
template <class T>
[[nodiscard]] T WholeNumber(const Json& json) {
  if (json.is_number_unsigned() && std::in_range<T>(json.get<std::uint64_t>())) {
    return static_cast<T>(json.get<std::uint64_t>());
  }
  if (json.is_number_integer() && !json.is_number_unsigned() &&
      std::in_range<T>(json.get<std::int64_t>())) {
    return static_cast<T>(json.get<std::int64_t>());
  }
  throw Json::type_error::create(302, "a whole number is expected", &json);
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
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    value = WholeNumber<T>(json);
  } else {
    json.get_to(value);
  }
}

}  // namespace drover
