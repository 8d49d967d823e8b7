#include <vestibule/app/app.hpp>

int main(int argc, char** argv) {
    return vestibule::app::run(argc, argv);
}
