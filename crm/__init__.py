"""Contacts, leads, stages and sellers: who the company deals with, whatever they wrote."""
