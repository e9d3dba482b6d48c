# Defines tusk::asio, the Asio face, where Asio's headers are found: headers alone, so that nothing of it is built here.
# Used by this project and by the package that it installs. TUSK_ASIO_INCLUDE_DIR says where to find them; OFF: nowhere.
find_path(TUSK_ASIO_INCLUDE_DIR asio.hpp DOC "Where asio.hpp is, for tusk::asio")
if(TUSK_ASIO_INCLUDE_DIR AND NOT TARGET tusk::asio)
  add_library(tusk::asio INTERFACE IMPORTED GLOBAL)
  target_link_libraries(tusk::asio INTERFACE tusk::client Threads::Threads)
  target_include_directories(tusk::asio INTERFACE ${TUSK_ASIO_INCLUDE_DIR})
  # Asio 1.22, Debian 12's, takes clang to have only the coroutines of the technical specification, which no clang has had
  # since 17. Newer versions find the standard's by themselves, and let a definition that is there stand.
  target_compile_definitions(tusk::asio INTERFACE "$<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_CO_AWAIT;ASIO_HAS_STD_COROUTINE>")
endif()
