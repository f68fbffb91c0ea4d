//! Links components with layers, and says what is in them.
