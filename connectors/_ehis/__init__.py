"""EHİS, the electronic government's exchange, over which bodies speak (decree 308, clause 2)."""
