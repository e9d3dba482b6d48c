# How every target of this project is made: tusk_library(name sources...) and tusk_executable(name sources...).

# The flags of one build, shared by libraries and executables.
function(tusk_configure target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  if(TUSK_WARNINGS)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
    # GCC 12 sees overlapping copies in std::string's operator+ that are not there (its bug 105651).
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
  endif()
  if(TUSK_COVERAGE)
    target_compile_options(${target} PRIVATE -fprofile-instr-generate -fcoverage-mapping)
    target_link_options(${target} PUBLIC -fprofile-instr-generate)
  endif()
  if(TUSK_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
  endif()
endfunction()

# A component: protocol/, types/ or client/. Static by default; BUILD_SHARED_LIBS is honoured.
function(tusk_library name)
  add_library(tusk_${name} ${ARGN})
  add_library(tusk::${name} ALIAS tusk_${name})
  tusk_configure(tusk_${name})
  target_include_directories(tusk_${name}
    PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/src)
  set_target_properties(tusk_${name} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON
    INSTALL_RPATH "$ORIGIN"  # shared libraries find each other wherever they are installed
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  # A project that tusk is a part of may ask for hidden visibility; what is exported says exported.map instead. The tests
  # also call what is not.
  set_target_properties(tusk_${name} PROPERTIES CXX_VISIBILITY_PRESET default VISIBILITY_INLINES_HIDDEN OFF)
  if(BUILD_SHARED_LIBS AND NOT TUSK_TESTS)
    set(exported ${PROJECT_SOURCE_DIR}/tools/packaging/exported.map)
    target_link_options(tusk_${name} PRIVATE LINKER:--version-script=${exported})
    set_target_properties(tusk_${name} PROPERTIES LINK_DEPENDS ${exported})
  endif()
endfunction()

function(tusk_executable name)
  add_executable(${name} ${ARGN})
  tusk_configure(${name})
  if(TUSK_STATIC)
    target_link_options(${name} PRIVATE -static)
  endif()
endfunction()
