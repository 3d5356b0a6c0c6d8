"""scikit-learn: models, data sets that lie in the package, worker processes of joblib, and text."""

import pickle
from importlib.metadata import version

import joblib
import numpy as np
from sklearn import cluster, datasets, decomposition, ensemble, linear_model, metrics, model_selection, neighbors
from sklearn import pipeline, preprocessing, svm
from sklearn.feature_extraction.text import TfidfVectorizer

print("scikit-learn", version("scikit-learn"), "joblib", version("joblib"), flush=True)


def main():
    """All of it."""
    iris = datasets.load_iris()
    print(iris.data.shape, iris.target_names.tolist(), iris.DESCR.splitlines()[2])
    train, test, train_y, test_y = model_selection.train_test_split(iris.data, iris.target, random_state=0)
    models = {
        "logistic": pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()),
        "forest": ensemble.RandomForestClassifier(20, random_state=0, n_jobs=2),
        "boosting": ensemble.HistGradientBoostingClassifier(max_iter=10, random_state=0),
        "svm": svm.SVC(),
        "neighbors": neighbors.KNeighborsClassifier(),
    }
    for name, model in models.items():
        model.fit(train, train_y)
        print(name, round(model.score(test, test_y), 6), model.predict(test[:6]).tolist())
    again = pickle.loads(pickle.dumps(models["forest"]))
    print("pickle", bool(np.array_equal(again.predict(test), models["forest"].predict(test))))
    for backend in ("loky", "threading", "multiprocessing"):
        with joblib.parallel_config(backend=backend, n_jobs=2):
            scores = model_selection.cross_val_score(models["logistic"], iris.data, iris.target, cv=4)
        print(backend, scores.round(6).tolist())
    search = model_selection.GridSearchCV(svm.SVC(), {"C": [0.1, 1, 10]}, n_jobs=2, cv=3).fit(train, train_y)
    print("search", search.best_params_, round(search.best_score_, 6))
    digits = datasets.load_digits()
    print("pca", decomposition.PCA(3, svd_solver="full").fit(digits.data).explained_variance_ratio_.round(6).tolist())
    means = cluster.KMeans(3, n_init=2, random_state=0).fit(iris.data)
    print("kmeans", round(float(means.inertia_), 4), round(metrics.silhouette_score(iris.data, means.labels_), 6))
    words = TfidfVectorizer().fit(["the cat", "the dog sat"])
    print("text", sorted(words.vocabulary_), words.transform(["cat sat"]).toarray().round(6).tolist())
    try:
        linear_model.LinearRegression().predict(train)
    except Exception as error:
        print(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
