#include <tusk/types/value.hpp>

#include <cxxabi.h>

#include <cstdlib>
#include <sstream>

#include <tusk/types/error.hpp>

namespace tusk {
namespace types {

std::string type_text(std::type_info const& type) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> const readable(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  std::string text = readable ? readable.get() : type.name();
  // Names as one writes them, in place of what they stand for.
  constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string"},
      {"tusk::basic_timestamp<std::chrono::local_t>", "tusk::timestamp"},
      {"tusk::basic_timestamp<std::chrono::_V2::system_clock>", "tusk::timestamptz"},
      {", std::allocator<std::byte> ", ""},
      {" >", ">"},
  };
  for (auto const& [inner, name] : names)
    for (auto at = text.find(inner); at != text.npos; at = text.find(inner)) text.replace(at, inner.size(), name);
  return text;
}

}  // namespace types

std::string value::to_string() const {
  std::ostringstream out;
  print(out);
  return out.str();
}

void value::print(std::ostream& out) const {
  if (ops_ == nullptr)
    out << "NULL";
  else
    ops_->print(out, place());
}

// Where what is held writes text, the type of the column is its: an int4 that was read from an int2 is an int2. Money
// is not: no text of it is the same to every server.
types::written adapter<value>::write(value const& value, types::text_buffer& to, adapt_context const& context,
                                     bool plain) {
  types::written how;
  if (!value.is_null()) how = value.ops_->write(value.place(), to, context, plain);
  bool const is_typed = value.type_ != 0 && value.type_ != oids::money && value.type_ != oids::money_array;
  if (how.as != types::shape::sql && is_typed) how.type = context.resolve({value.type_});
  return how;
}

void value::print_name(std::ostream& out, std::type_info const& type) { out << '<' << types::type_text(type) << '>'; }

void value::throw_not_a(std::type_info const& wanted) const {
  throw programming_error("the value is " + (is_null() ? std::string("NULL") : "of type " + types::type_text(type())) +
                          ", not of type " + types::type_text(wanted) +
                          "; get_if<T>() asks, visit<...>() tries several");
}

}  // namespace tusk
