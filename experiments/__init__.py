"""What is run with the features: configs, data, classifiers, training, evaluation, tracking and scoring."""
