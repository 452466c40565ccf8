// Package sqlstatetest is what the stores over SQL databases are held to beyond statetest.
package sqlstatetest
